"""psycopg2 through a proxy: the primary's port with everything, the replicas' with what a reader does."""
import io
import sys

import psycopg2
import psycopg2.extras


def connect(port):
    return psycopg2.connect(
        host="127.0.0.1", port=port, user="postgres", password="secret", dbname="postgres", sslmode="disable")


def read(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT %s + %s, %s::bytea", (40, 2, b"\x00\x01\xff"))
        number, raw = cursor.fetchone()
        assert number == 42 and bytes(raw) == b"\x00\x01\xff"
    with connection, connection.cursor("server_side") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT * FROM generate_series(1, 1000)")
        assert sum(row[0] for row in cursor) == 500500
    with connection, connection.cursor() as cursor:
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT generate_series(1, 3)) TO STDOUT", out)
        assert out.getvalue() == "1\n2\n3\n"
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        raise AssertionError("no error")
    except psycopg2.errors.DivisionByZero as error:
        assert error.pgcode == "22012" and error.diag.severity == "ERROR"
    with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute("SELECT 'x' AS name")
        assert cursor.fetchall() == [{"name": "x"}]


def write(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS psycopg; CREATE TABLE psycopg (id int PRIMARY KEY, text text)")
    with connection, connection.cursor() as cursor:
        psycopg2.extras.execute_values(
            cursor, "INSERT INTO psycopg VALUES %s", [(i, f"row {i}") for i in range(1000)], page_size=100)
        cursor.copy_from(io.StringIO("".join(f"{i}\tcopied\n" for i in range(1000, 2000))), "psycopg")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO psycopg VALUES (5000, 'rolled back')")
            cursor.execute("INSERT INTO psycopg VALUES (1, 'twice')")
        raise AssertionError("no error")
    except psycopg2.errors.UniqueViolation as error:
        assert error.diag.constraint_name == "psycopg_pkey" and error.diag.table_name == "psycopg"
    with connection, connection.cursor() as cursor:
        cursor.execute("SAVEPOINT here")
        cursor.execute("DELETE FROM psycopg")
        cursor.execute("ROLLBACK TO here")
        cursor.execute("SELECT count(*), max(id) FROM psycopg")
        assert cursor.fetchone() == (2000, 1999)
    with connection, connection.cursor() as cursor:
        cursor.execute("DO $$BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END$$")
        assert [notice.strip() for notice in connection.notices[-2:]] == ["NOTICE:  one", "WARNING:  two"]


def listen(connection, port):
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("LISTEN news")
    other = connect(port)
    other.autocommit = True
    with other.cursor() as cursor:
        cursor.execute("NOTIFY news, 'hello'")
    other.close()
    while not connection.notifies:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.poll()
    assert (connection.notifies[0].channel, connection.notifies[0].payload) == ("news", "hello")


primary, replicas = int(sys.argv[1]), int(sys.argv[2])
one = connect(primary)
write(one)
read(one)
listen(one, primary)
one.close()
two = connect(replicas)
read(two)
with two.cursor() as cursor:
    cursor.execute("SELECT pg_is_in_recovery()")
    assert cursor.fetchone() == (True,)
two.close()
print("ok")
