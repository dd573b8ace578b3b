/** The `server` process: API server, controllers and scheduler over one store, on one TLS port. */
import { mkdirSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { dirname } from 'node:path'
import { layoutFrom, paths } from '#host/layout.ts'
import { resolveDirectly } from './direct-resolution.ts'

resolveDirectly()
const where = paths(layoutFrom(process.env))
enableCompileCache(where.compileCache)
const { runServer } = await import('./run-server.ts')
const { foregroundOptions } = await import('./become-server.ts')
const { foregroundServer } = await import('./foreground-server.ts')
// At once, since a process that is killed writes nothing at its end.
flushCompileCache()
const foreground = foregroundOptions(process.env)
// `wherry up` has everything compiled so before the first start.
if (process.argv[2] === 'warm') await (await import('./warm-store.ts')).warmStore()
else if (foreground) await foregroundServer(foreground)
else {
  mkdirSync(dirname(where.store), { recursive: true, mode: 0o700 })
  await runServer(where)
}
