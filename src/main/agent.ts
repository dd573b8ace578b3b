/** The `agent` process: kubelet, pod network, service proxy and DNS of one node. */
import { enableCompileCache } from 'node:module'
import { layoutFrom, paths } from '#host/layout.ts'
import { searchPath } from '#host/packages.ts'

const layout = layoutFrom(process.env)
enableCompileCache(paths(layout).compileCache)
process.env['PATH'] = searchPath().join(':')
const { runAgent } = await import('./run-agent.ts')
await runAgent(layout)
