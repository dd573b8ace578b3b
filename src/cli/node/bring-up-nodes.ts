import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { systemClock } from '#host/clock.ts'
import { type Config, readConfig } from '#host/config.ts'
import { checkCgroupDriver, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { findDaemon, stopDaemon } from '#host/daemon.ts'
import { pauseArchive, pauseImage } from '#host/images/pause.ts'
import { copyImages, importedImages, importImages, listImages } from '#host/images/store.ts'
import { type Layout, paths } from '#host/layout.ts'
import { entering, type Machine, machinePaths } from '#host/machines/machine.ts'
import { ensureMachine, ensureMachineNetwork } from '#host/machines/machines.ts'
import { nodeCertificateStore } from '#host/node-bootstrap.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Connection } from '../connect.ts'
import { joinNode } from '../join/join-node.ts'
import { keyHash } from '../join/trusted-authority.ts'
import type { Progress } from '../progress.ts'
import { together } from '../together.ts'
import { ensureProcess } from '../up/ensure-process.ts'
import { waitForNode } from '../up/wait.ts'
import { followServer } from './follow-server.ts'
import { dropJoinTokens, withJoinToken } from './join-token.ts'
import { addressSetting, serverForFurther, settingsOfFurther } from './node-settings.ts'

/** What the commands that start further nodes have in hand; the server of this machine serves. */
export interface NodesBasis {
  readonly layout: Layout
  /** Of the first node. */
  readonly config: Config
  readonly connection: Connection
  readonly progress: Progress
  /** How long a node may take to become ready. */
  readonly patienceMs: number
}

/** Does for each of these what is still to be done until it is ready: machine, membership, runtime with images, agent. */
export async function bringUpNodes(basis: NodesBasis, machines: readonly Machine[]): Promise<void> {
  if (machines.length === 0) return
  try {
    await bringUp(basis, machines)
  } catch (error) {
    if (!isError(error)) throw error
    const hint = `"wherry up" tries again, "wherry node remove ${machines.map(({ name }) => name).join(' ')}" gives up`
    throw new WherryError(error.code, `${error.message}; ${hint}`, { cause: error })
  }
}

async function bringUp(basis: NodesBasis, machines: readonly Machine[]): Promise<void> {
  const { layout, config, connection, progress } = basis
  const all = machines.map(({ name }) => name).join(', ')
  const server = serverForFurther(config)
  await progress.step(
    `Machine${machines.length > 1 ? 's' : ''} ${all}`,
    async () => {
      const network = await ensureMachineNetwork(layout, config)
      return together(machines.map((machine) => ensureMachine(layout, machine, network)))
    },
    (made) => (made.some(Boolean) ? 'made' : 'in place'),
  )
  await dropJoinTokens(connection.client)
  const strangers = machines.filter(({ name }) => !isMember(layout, name))
  for (const { name } of machines.filter((machine) => !strangers.includes(machine)))
    await followServer(machinePaths(layout, name).layout, server)
  const started = async () => {
    await progress.step(
      `Images of ${all}`,
      () =>
        prepareImages(
          basis,
          machines.map(({ name }) => name),
        ),
      (made) => (made.length > 0 ? made.join(', ') : 'in place'),
    )
    await progress.step(`Node${machines.length > 1 ? 's' : ''} ${all} ready`, () =>
      together(machines.map(({ name }) => startAgent(basis, name))),
    )
  }
  if (strangers.length === 0) return started()
  // The token is of use until the agents have their certificates.
  await withJoinToken(connection.client, async (token) => {
    await progress.step('Joining the cluster', () => together(strangers.map((machine) => becomeMember(basis, machine, server, token))))
    await started()
  })
}

/** Whether it has a certificate of this cluster that serves. */
function isMember(layout: Layout, name: string): boolean {
  const where = paths(machinePaths(layout, name).layout)
  if (!existsSync(where.config) || !existsSync(where.caCertificate)) return false
  const authority = () => readFileSync(where.caCertificate, 'utf8')
  return nodeCertificateStore(where, name, 'kubelet-client', authority, systemClock).read() !== undefined
}

async function becomeMember({ layout, config }: NodesBasis, machine: Machine, server: string, token: string): Promise<void> {
  const own = machinePaths(layout, machine.name).layout
  // One that waits for a certificate by a token of former times waits in vain.
  await stopDaemon(paths(own).agentPid)
  await joinNode({
    layout: own,
    servers: [server],
    token,
    caCertHashes: [keyHash(new X509Certificate(readFileSync(paths(layout).caCertificate)))],
    nodeName: machine.name,
    nodeAddress: addressSetting(config, machine.addresses),
    settings: settingsOfFurther(config, machine.name),
  })
}

/** Starts each node's containerd, and gives it the images that no registry has. Returns the names of those that were missing somewhere. */
async function prepareImages({ layout, config }: NodesBasis, names: readonly string[]): Promise<readonly string[]> {
  const from = containerdSocket(containerdOptions(layout))
  const wanted = existsSync(from) ? await importedImages(from) : []
  const nodes = await together(
    names.map(async (name) => {
      const socket = await startContainerd(layout, config, name)
      const present = (await listImages(socket)).map((image) => image.name)
      // Made here, since without it nothing starts, whatever becomes of the first node's.
      if (!present.includes(pauseImage)) await importImages(socket, pauseArchive(process.arch as 'x64' | 'arm64'))
      return {
        socket,
        isNew: !present.includes(pauseImage),
        lacking: wanted.filter((image) => image !== pauseImage && !present.includes(image)),
      }
    }),
  )
  const lacking = [...new Set(nodes.flatMap((node) => node.lacking))]
  const targets = nodes.flatMap((node) => (node.lacking.length > 0 ? [node.socket] : []))
  if (targets.length > 0) await copyImages(from, targets, lacking)
  return [...(nodes.some(({ isNew }) => isNew) ? [pauseImage] : []), ...lacking]
}

async function startContainerd(layout: Layout, first: Config, name: string): Promise<string> {
  const own = machinePaths(layout, name).layout
  const settings = readConfig(paths(own).config) ?? settingsOfFurther(first, name)
  const options = { ...containerdOptions(own, settings), enter: entering(layout, name) }
  await ensureContainerd(options)
  checkCgroupDriver(options)
  return containerdSocket(options)
}

async function startAgent({ layout, connection, patienceMs }: NodesBasis, name: string): Promise<void> {
  const own = machinePaths(layout, name).layout
  const where = paths(own)
  const since = findDaemon(where.agentPid) ? 0 : Date.now()
  const agent = ensureProcess('agent', own, entering(layout, name))
  await waitForNode(connection, { name, since, agent, logs: `agent --node ${name}`, logFile: where.agentLog }, patienceMs)
}
