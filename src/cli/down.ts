import { existsSync } from 'node:fs'
import { containerdPidFile } from '#host/containerd.ts'
import { stopDaemon } from '#host/daemon.ts'
import { paths } from '#host/layout.ts'
import { machinePaths } from '#host/machines/machine.ts'
import { listMachines } from '#host/machines/registry.ts'
import { alone } from './alone.ts'
import type { Command } from './command.ts'
import { requireRoot } from './require-root.ts'
import { together } from './together.ts'

export const down: Command = {
  name: 'down',
  summary: 'Stop server and agents; containers go on running',
  usage: '',
  options: {},
  about: 'Nothing is lost: "wherry up" takes up the same cluster with its running containers. "wherry reset" removes everything.',
  async run({ layout }, terminal) {
    requireRoot()
    const { agentPid, serverPid } = paths(layout)
    const agents = [agentPid, ...listMachines(layout).map(({ name }) => paths(machinePaths(layout, name).layout).agentPid)]
    // Where nothing was ever started, nothing is left behind, not even a lock. Agents tell the server what they can before it goes.
    const stopped = existsSync(layout.runDirectory)
      ? await alone(layout, async () => [...(await together(agents.map((file) => stopDaemon(file)))), await stopDaemon(serverPid)])
      : []
    const all = agents.length > 1 ? 'Server and agents' : 'Server and agent'
    terminal.out(stopped.some(Boolean) ? `${all} have stopped; the containers go on running.\n` : 'Neither server nor agent was running.\n')
    return 0
  },
}

/** containerd's own number: it is no part of `down`, since ending it would cut the logs of running containers. */
export const containerdPid = (layout: Parameters<typeof paths>[0]): string =>
  containerdPidFile({ stateDirectory: paths(layout).containerdState })
