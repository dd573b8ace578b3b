import { existsSync } from 'node:fs'
import { type ProcessName, processFlags, processProgram } from '#host/node-process.ts'
import { run } from '#host/run.ts'

/**
 * Before the very first start: has the processes compiled into the folder `cache` by others that end then. One that compiles itself keeps
 * Node's type stripper in memory for as long as it lives, 30 MB each. Undefined: there is nothing to do.
 */
export function warm(
  cache: string,
  names: readonly ProcessName[],
  environment: Readonly<Record<string, string>>,
): Promise<unknown> | undefined {
  if (existsSync(cache)) return undefined
  const compile = (name: ProcessName) =>
    run(process.execPath, [...processFlags(name), processProgram(name), 'warm'], { env: environment, timeoutMs: 60_000 })
  // What fails here fails again at the start itself, which tells it; without a cache all works as well, only bigger.
  return Promise.allSettled(names.map(compile))
}
