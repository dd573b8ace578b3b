import { existsSync } from 'node:fs'
import { type Layout, paths } from '#host/layout.ts'
import { processEnvironment, processFlags, processProgram } from '#host/node-process.ts'
import { run } from '#host/run.ts'

/**
 * Before the very first start: has server and agent compiled by processes that end then. One that compiles itself keeps Node's type stripper
 * in memory for as long as it lives, 30 MB each. Undefined: there is nothing to do.
 */
export function warm(layout: Layout): Promise<unknown> | undefined {
  if (existsSync(paths(layout).compileCache)) return undefined
  const compile = (name: 'server' | 'agent') =>
    run(process.execPath, [...processFlags(name), processProgram(name), 'warm'], { env: processEnvironment(layout), timeoutMs: 60_000 })
  // What fails here fails again at the start itself, which tells it; without a cache all works as well, only bigger.
  return Promise.allSettled([compile('server'), compile('agent')])
}
