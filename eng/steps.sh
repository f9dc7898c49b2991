# Shared by the scripts at the root: install what is missing, build what is stale. Sourced, never run.
# Everything that these steps print goes to stderr: stdout belongs to the program that is run at the end.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
published=$root/artifacts/publish
configuration=Release

# No build server may outlive a script, and nothing is sent anywhere.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
build_options=(-c "$configuration" -p:UseSharedCompilation=false -nologo -v:quiet -tl:off)

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Namespaces, bridges, cgroups and packages need root.
as_root() {
  [[ $(id -u) -eq 0 ]] && return
  command -v sudo >/dev/null || die "needs root"
  exec sudo --preserve-env=HOLDFAST_CONFIG,DOTNET_ROOT,PATH "$0" "$@"
}

find_dotnet() {
  local dotnet
  dotnet=$(command -v dotnet) || die "needs the .NET SDK of global.json: no 'dotnet' in PATH"
  # The built programs look for the runtime here; so do those that the lab starts as another user.
  export DOTNET_ROOT=${DOTNET_ROOT:-$(dirname "$(readlink -f "$dotnet")")}
}

# ---- packages ----

# One line for each package that is missing: what the hosts run, and what the lab is made of.
missing_packages() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql
  command -v etcd >/dev/null || echo etcd-server
  command -v ip >/dev/null || echo iproute2
  command -v nft >/dev/null || echo nftables
  command -v ps >/dev/null || echo procps
  command -v nsenter >/dev/null && command -v setpriv >/dev/null || echo util-linux
  command -v mount >/dev/null || echo mount
  command -v mkfs.ext4 >/dev/null || echo e2fsprogs
  [[ ${1:-} != for-tests ]] || command -v etcdctl >/dev/null || echo etcd-client
  [[ ${1:-} != for-tests ]] || command -v pgbouncer >/dev/null || echo pgbouncer
  [[ -z ${1:-} ]] || command -v patronictl >/dev/null || echo patroni
  [[ ${1:-} != for-rivals && ${1:-} != for-proxies ]] || command -v haproxy >/dev/null || echo haproxy
  [[ ${1:-} != for-proxies ]] || command -v pgbouncer >/dev/null || echo pgbouncer
  [[ ${1:-} == for-tests ]] || return 0
  /usr/bin/python3 -c 'import psycopg2' 2>/dev/null || echo python3-psycopg2
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

install_missing() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -eq 0 ]] && return
  command -v apt-get >/dev/null || die "install these first: ${missing[*]}"
  (
    flock 9
    # Somebody else may have installed them meanwhile.
    mapfile -t missing < <(missing_packages "$@")
    [[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
  ) 9>/run/holdfast-install.lock >&2
}

# Debian's packages start their services and make a cluster of their own; both would take the ports of ours.
install_packages() {
  local policy=/usr/sbin/policy-rc.d
  say "installing: $*"
  export DEBIAN_FRONTEND=noninteractive
  if [[ ! -e $policy ]]; then
    # At the end of this subshell, however it comes.
    trap "rm -f $policy" EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get -q update
  if [[ " $* " == *" postgresql "* ]]; then
    apt_install postgresql-common
    set_no_main_cluster
  fi
  apt_install "$@"
  if [[ -d /run/systemd/system ]]; then
    local service
    for service in etcd patroni haproxy pgbouncer; do
      [[ " $* " != *" $service"* ]] || systemctl disable --now "$service" || true
    done
  fi
}

# The drivers of other languages that the tests use, in the versions of the lock file. Without a registry they are
# missing, and their tests say so.
install_drivers() {
  local folder=$root/artifacts/clients source=$root/tests/Holdfast.FunctionalTests/PgProxy/Clients
  cmp -s "$source/package-lock.json" "$folder/installed.json" && return
  mkdir -p "$folder"
  cp "$source/package.json" "$source/package-lock.json" "$folder/"
  if (cd "$folder" && timeout 120 npm ci --omit=optional --ignore-scripts --no-audit --no-fund) >&2; then
    cp "$source/package-lock.json" "$folder/installed.json"
  else
    say "npm did not install the drivers: their tests are skipped"
  fi
}

apt_install() {
  apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold install "$@"
}

set_no_main_cluster() {
  local file=/etc/postgresql-common/createcluster.conf
  if grep -qE '^[[:space:]]*create_main_cluster' "$file" 2>/dev/null; then
    sed -i -E 's/^[[:space:]]*create_main_cluster.*/create_main_cluster = false/' "$file"
  else
    printf '\ncreate_main_cluster = false\n' >>"$file"
  fi
}

# ---- building ----

# All that a build depends on; its names too, so that a deleted file is noticed.
sources() {
  find "$root/src" "$root/proof" "$root/samples/Bingo" "$root"/Directory.*.props "$root/global.json" "$root/.editorconfig" \
    \( -name bin -o -name obj \) -prune -o -type f "$@"
}

# The stamp is as old as the start of the build that it tells of, and holds the names that were built.
is_fresh() {
  local stamp=$published/stamp
  [[ -f $stamp && -x $published/holdfast/holdfast && -x $published/lab/lab && -x $published/bingo/bingo ]] || return 1
  [[ -z $(sources -newer "$stamp" -print -quit) && $(sources -print | sort | cksum) == "$(<"$stamp")" ]]
}

build_programs() {
  find_dotnet
  is_fresh && return
  mkdir -p "$published"
  (
    flock 9
    is_fresh || publish_all
  ) 9>"$published/lock" >&2
}

# The simulator needs neither root nor the programs: it has a stamp of its own.
build_sim() {
  find_dotnet
  local stamp=$published/sim.stamp
  mkdir -p "$published"
  (
    flock 9
    [[ -x $published/sim/Holdfast.Sim && -f $stamp && -z $(sources -newer "$stamp" -print -quit) ]] && exit
    say "building (about half a minute)"
    touch "$stamp.new"
    publish proof/Holdfast.Sim sim
    mv "$stamp.new" "$stamp"
  ) 9>"$published/lock" >&2
}

publish_all() {
  # The lab runs these files as other users, whatever the umask of the shell.
  umask 022
  say "building (two minutes or so)"
  local started=$published/stamp.new
  sources -print | sort | cksum >"$started"
  touch "$started"
  # One image with the parts of the runtime that it uses: only so is generic code across the two compiled before the
  # start. Else every agent compiled some 2,300 methods again, most of them in its first seconds and its first failover.
  publish src/Holdfast holdfast -p:SelfContained=true -p:PublishTrimmed=true -p:PublishReadyToRunComposite=true
  publish proof/Holdfast.Lab lab
  publish samples/Bingo bingo
  mv "$started" "$published/stamp"
}

# Into a folder beside the old one: files of running programs must not change under them.
#   publish PROJECT NAME [OPTIONS OF dotnet publish]
publish() {
  local project=$1 target=$published/$2
  shift 2
  rm -rf "$target.new"
  (cd "$root" && dotnet publish "$project" "${build_options[@]}" "$@" -o "$target.new" 9>&-) || die "$project does not build"
  chmod -R u=rwX,go=rX "$target.new"
  rm -rf "$target"
  mv "$target.new" "$target"
}

# ---- endurance ----

# One of the endurance tests of the proxy, for as long as is asked, with the built program.
#   run_endurance CLASS TIME [--for TIME] [--seed N]
run_endurance() {
  local class=$1 time=$2 seed=
  shift 2
  while [[ $# -gt 0 ]]; do
    case $1 in
      --for) time=${2:?--for needs a time such as 90s or 20m} ;;
      --seed) seed=${2:?--seed needs a number} ;;
      *) die "unknown option $1" ;;
    esac
    shift 2
  done
  install_missing for-tests
  build_programs
  dotnet build "$root/tests/Holdfast.FunctionalTests" "${build_options[@]}" >&2
  export HOLDFAST_RUN_FOR=$time HOLDFAST_RUN_SEED=$seed HOLDFAST_PROGRAM=$published/holdfast/holdfast
  exec dotnet run --no-build -c "$configuration" --project "$root/tests/Holdfast.FunctionalTests" -- -class "*.$class"
}
