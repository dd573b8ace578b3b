/** The `agent` process: kubelet, pod network, service proxy and DNS of one node. */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { layoutFrom, paths } from '#host/layout.ts'
import { searchPath } from '#host/packages.ts'

const layout = layoutFrom(process.env)
enableCompileCache(paths(layout).compileCache)
process.env['PATH'] = searchPath().join(':')
const { runAgent } = await import('./run-agent.ts')
// At once, since a process that is killed writes nothing at its end.
flushCompileCache()
// `wherry up` has everything compiled so before the first start.
if (process.argv[2] !== 'warm') await runAgent(layout)
