import { existsSync, rmSync } from 'node:fs'
import { killShims, networkNamespaces, removeCgroups, removeNetwork, removeNetworkNamespace, unmountBeneath } from '#host/clean.ts'
import { systemClock } from '#host/clock.ts'
import { type Config, readConfig } from '#host/config.ts'
import { removeContainerLogLinks } from '#host/container-log-links.ts'
import { containerdPidFile, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { stopDaemon } from '#host/daemon.ts'
import { stopHaproxy } from '#host/haproxy.ts'
import { isJoined } from '#host/join-settings.ts'
import { removeKubeletLink } from '#host/kubelet-link.ts'
import { paths } from '#host/layout.ts'
import { forgetShutdownDelay } from '#host/logind.ts'
import { removeMachineBridge } from '#host/machines/machine-network.ts'
import { removeMachine } from '#host/machines/machines.ts'
import { listMachines } from '#host/machines/registry.ts'
import { restoreSettings } from '#host/network.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { isThere } from '#host/packages.ts'
import { isError } from '#lib/errors.ts'
import { alone } from './alone.ts'
import type { Command, Given, Terminal } from './command.ts'
import { createProgress } from './progress.ts'
import { requireRoot } from './require-root.ts'
import { together } from './together.ts'
import { removeFromFile, userKubeconfig } from './up/kubeconfig-file.ts'

export const reset: Command = {
  name: 'reset',
  summary: 'Remove the cluster with everything in it, and leave the machine as it was',
  usage: '',
  options: {},
  about: 'Ends all containers and removes all data of this cluster, for good. Installed packages stay.',
  async run(given, terminal) {
    requireRoot()
    return alone(given.layout, () => removeAll(given, terminal))
  },
}

async function removeAll({ layout, env }: Given, terminal: Terminal): Promise<number> {
  const where = paths(layout)
  const config = configIfWhole(where.config)
  const progress = createProgress(terminal, () => performance.now())
  const machines = listMachines(layout, 'count as leaving')
  if (machines.length > 0)
    await progress.step(`Removing ${machines.map(({ name }) => name).join(', ')}`, () =>
      together(machines.map((machine) => removeMachine(layout, machine))),
    )
  await progress.step('Stopping agent and server', async () => {
    await stopDaemon(where.agentPid)
    await stopHaproxy({ pidFile: where.routerPid })
    await stopDaemon(where.serverPid)
  })
  if (existsSync(where.containerdRoot) && isThere('containerd')) {
    const options = containerdOptions(layout, config)
    try {
      await progress.step('Ending containers', async () => {
        await ensureContainerd(options)
        await removeSandboxes(containerdSocket(options))
      })
    } catch (error) {
      // A runtime that is broken is a reason to reset, and no reason not to.
      terminal.error(`  ! containerd is of no help, so its containers are ended one by one: ${(error as Error).message}\n`)
    }
    await progress.step('Stopping containerd', () => stopDaemon(containerdPidFile(options)))
  }
  await progress.step('Cleaning up', async () => {
    const namespaces = networkNamespaces(where.containerdState)
    killShims(containerdSocket({ stateDirectory: where.containerdState }))
    for (const path of namespaces) await removeNetworkNamespace(path)
    await unmountBeneath([layout.dataDirectory, layout.runDirectory])
    if (isThere('ip') && isThere('nft')) {
      await removeMachineBridge()
      await removeNetwork()
    }
    restoreSettings(where.savedSettings)
    await removeCgroups(config?.cgroupRoot)
    removeKubeletLink(where.kubelet)
    removeContainerLogLinks(where.podLogs, 'all')
    await forgetShutdownDelay({ folder: layout.dataDirectory }).catch((error: unknown) => {
      if (!isError(error)) throw error
      terminal.error(`  ! logind waits for pods at a shutdown until it is started anew: ${error.message}\n`)
    })
    const file = userKubeconfig(env)
    if (file) removeFromFile(file)
    for (const directory of [layout.dataDirectory, layout.runDirectory]) rmSync(directory, { recursive: true, force: true })
  })
  terminal.out(
    config && isJoined(config)
      ? `Nothing is left of node ${config.nodeName} here. The cluster at ${config.server} still knows it: kubectl delete node ${config.nodeName}\n`
      : 'Nothing is left of the cluster.\n',
  )
  return 0
}

/** A configuration that cannot be read is a reason to reset, and no reason not to: then containerd is asked as it is by default. */
function configIfWhole(file: string): Config | undefined {
  try {
    return readConfig(file)
  } catch (error) {
    if (isError(error)) return undefined
    throw error
  }
}

/** Through the runtime, so that it takes down namespaces, addresses and mounts itself; what it cannot is cleaned up after it. */
async function removeSandboxes(socket: string): Promise<void> {
  const runtime = createCriRuntime({ endpoint: `unix://${socket}`, clock: systemClock })
  try {
    const sandboxes = await runtime.sandboxes()
    for (const container of await runtime.containers()) await runtime.stopContainer(container.id, 0).catch(ignore)
    await Promise.all(
      sandboxes
        .map(async ({ id }) => {
          await runtime.stopSandbox(id)
          await runtime.removeSandbox(id)
        })
        .map((work) => work.catch(ignore)),
    )
  } finally {
    runtime.close()
  }
}

/** What the runtime could not end is ended by its process numbers afterwards. */
const ignore = (): void => {}
