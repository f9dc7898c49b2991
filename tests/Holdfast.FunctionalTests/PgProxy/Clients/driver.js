// Node's pg through a proxy: the primary's port with everything, the replicas' with what a reader does.
'use strict'
const assert = require('node:assert')
const { Client, Pool } = require('pg')

const [primary, replicas] = process.argv.slice(2).map(Number)
const login = port => ({ host: '127.0.0.1', port, user: 'postgres', password: 'secret', database: 'postgres' })

async function read(client) {
  const sum = await client.query('SELECT $1::int + $2::int AS sum', [40, 2])
  assert.strictEqual(sum.rows[0].sum, 42)
  // Prepared under a name of the client's own, and used again.
  for (let turn = 0; turn < 20; turn++) {
    const named = await client.query({ name: 'twice', text: 'SELECT 2 * $1::int AS twice', values: [turn] })
    assert.strictEqual(named.rows[0].twice, 2 * turn)
  }
  const bytes = Buffer.from([0, 1, 255])
  assert.ok((await client.query('SELECT $1::bytea AS raw', [bytes])).rows[0].raw.equals(bytes))
  await assert.rejects(client.query('SELECT 1 / $1::int', [0]), { code: '22012', severity: 'ERROR' })
  const several = await client.query('SELECT 1 AS a; SELECT 2 AS b')
  assert.deepStrictEqual(several.map(result => result.rows[0]), [{ a: 1 }, { b: 2 }])
  assert.strictEqual((await client.query('SELECT repeat($1, 3000000) AS long', ['x'])).rows[0].long.length, 3000000)
}

async function write(client) {
  await client.query('DROP TABLE IF EXISTS node; CREATE TABLE node (id int PRIMARY KEY, data jsonb)')
  await client.query('BEGIN')
  for (let id = 0; id < 100; id++)
    await client.query('INSERT INTO node VALUES ($1, $2)', [id, { id }])
  await client.query('COMMIT')
  await client.query('BEGIN')
  await assert.rejects(client.query('INSERT INTO node VALUES (1, null)'), { code: '23505', constraint: 'node_pkey' })
  await assert.rejects(client.query('SELECT 1'), { code: '25P02' })
  await client.query('ROLLBACK')
  const found = await client.query('SELECT data FROM node WHERE id = $1', [7])
  assert.deepStrictEqual(found.rows[0].data, { id: 7 })
}

async function listen(client) {
  const heard = new Promise(resolve => client.on('notification', resolve))
  await client.query('LISTEN node_news')
  const other = new Client(login(primary))
  await other.connect()
  await other.query("NOTIFY node_news, 'hello'")
  await other.end()
  assert.strictEqual((await heard).payload, 'hello')
}

async function pool(port) {
  const many = new Pool({ ...login(port), max: 10 })
  const asked = Array.from({ length: 200 }, (_, number) =>
    many.query({ name: `add${number % 5}`, text: `SELECT ${number % 5} + $1::int AS sum`, values: [number] }))
  for (const [number, answer] of (await Promise.all(asked)).entries())
    assert.strictEqual(answer.rows[0].sum, number + number % 5)
  await many.end()
}

async function main() {
  const one = new Client(login(primary))
  await one.connect()
  await write(one)
  await read(one)
  await listen(one)
  await one.end()
  const two = new Client(login(replicas))
  await two.connect()
  await read(two)
  assert.strictEqual((await two.query('SELECT pg_is_in_recovery() AS standby')).rows[0].standby, true)
  await two.end()
  await pool(primary)
  await pool(replicas)
  console.log('ok')
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
