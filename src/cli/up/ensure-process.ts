import { type Daemon, findDaemon, startDaemon } from '#host/daemon.ts'
import { type Layout, paths } from '#host/layout.ts'
import { type ProcessName, processEnvironment, processFlags, processProgram } from '#host/node-process.ts'

/** Starts `src/main/<name>.ts` in the background unless it runs. `enter`: words before it that start it in the namespaces of a further node. */
export function ensureProcess(name: ProcessName, layout: Layout, enter: readonly string[] = []): Daemon {
  const where = paths(layout)
  const pidFile = where[`${name}Pid`]
  const running = findDaemon(pidFile)
  if (running) return running
  const [command, ...args] = [...enter, process.execPath, ...processFlags(name), processProgram(name)]
  return startDaemon({ command: command!, args, pidFile, logFile: where[`${name}Log`], env: processEnvironment(layout) })
}
