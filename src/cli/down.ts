import { existsSync } from 'node:fs'
import { containerdPidFile } from '#host/containerd.ts'
import { stopDaemon } from '#host/daemon.ts'
import { paths } from '#host/layout.ts'
import { alone } from './alone.ts'
import type { Command } from './command.ts'
import { requireRoot } from './require-root.ts'

export const down: Command = {
  name: 'down',
  summary: 'Stop server and agent; containers go on running',
  usage: '',
  options: {},
  about: 'Nothing is lost: "wherry up" takes up the same cluster with its running containers. "wherry reset" removes everything.',
  async run({ layout }, terminal) {
    requireRoot()
    const { agentPid, serverPid } = paths(layout)
    // Where nothing was ever started, nothing is left behind, not even a lock.
    const stopped = existsSync(layout.runDirectory)
      ? await alone(layout, async () => [await stopDaemon(agentPid), await stopDaemon(serverPid)])
      : []
    terminal.out(
      stopped.some(Boolean) ? 'Server and agent have stopped; the containers go on running.\n' : 'Neither server nor agent was running.\n',
    )
    return 0
  },
}

/** containerd's own number: it is no part of `down`, since ending it would cut the logs of running containers. */
export const containerdPid = (layout: Parameters<typeof paths>[0]): string =>
  containerdPidFile({ stateDirectory: paths(layout).containerdState })
