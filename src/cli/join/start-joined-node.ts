import { existsSync, readFileSync } from 'node:fs'
import { systemClock } from '#host/clock.ts'
import type { Config } from '#host/config.ts'
import { checkCgroupDriver, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { findDaemon } from '#host/daemon.ts'
import { pauseArchive, pauseImage } from '#host/images/pause.ts'
import { importImages, listImages } from '#host/images/store.ts'
import { welcomeArchive } from '#host/images/welcome.ts'
import { type Layout, type Paths, paths } from '#host/layout.ts'
import { bootstrapNode, type NodeCertificateStore } from '#host/node-bootstrap.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { processEnvironment } from '#host/node-process.ts'
import { installPackages, missing, nodeRequirements } from '#host/packages.ts'
import { systemRandom } from '#host/random.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import type { Progress } from '../progress.ts'
import { ensureProcess } from '../up/ensure-process.ts'
import { waitForNode } from '../up/wait.ts'
import { warm } from '../up/warm.ts'
import { clientCertificateOf, connectAsNode, connectBy } from './connect-as-node.ts'

/** A machine that `joinNode` made ready. */
export interface JoinedMachine {
  readonly layout: Layout
  readonly config: Config
  readonly progress: Progress
  /** How long the node may take to become ready. */
  readonly patienceMs: number
}

/** What a node needs of Debian, installed where it is missing. */
export async function ensurePackages(progress: Progress): Promise<void> {
  const lacking = missing(nodeRequirements)
  if (lacking.length === 0) return
  await progress.step(
    'Installing packages',
    () => installPackages(lacking),
    (names) => names.join(', '),
  )
}

/**
 * Starts the node of a machine that joined, or what of it does not run, and waits until the cluster has it ready. The first certificate is asked for
 * here and not left to the agent, so that who joins hears at once why it was refused.
 */
export async function startJoinedNode({ layout, config, progress, patienceMs }: JoinedMachine): Promise<void> {
  const where = paths(layout)
  const store = clientCertificateOf(config, where)
  const warmed = warm(where.compileCache, ['agent'], processEnvironment(layout))
  if (store.read() === undefined) await progress.step('Certificate of the node', () => askForCertificate(config, where, store))
  await progress.step(
    'Containers',
    () => prepareContainerd(layout, config),
    (made) => (made.length > 0 ? made.join(', ') : 'in place'),
  )
  if (warmed) await progress.step('Compiling the agent', () => warmed)
  const since = findDaemon(where.agentPid) ? 0 : Date.now()
  const agent = ensureProcess('agent', layout)
  const connection = connectAsNode(layout, config)
  try {
    await progress.step(`Node ${config.nodeName} ready`, () =>
      waitForNode(connection, { name: config.nodeName, since, agent, logs: 'agent', logFile: where.agentLog }, patienceMs),
    )
  } finally {
    await connection.close()
  }
}

/** Who approves is a controller, unless the cluster was told otherwise. */
const approvalMs = 60_000

async function askForCertificate(config: Config, where: Paths, store: NodeCertificateStore): Promise<void> {
  if (!existsSync(where.bootstrapToken))
    throw new WherryError(
      'Unauthorized',
      `this machine's certificate of the cluster at ${config.server} was lost or has ended; "wherry join" with a new token gives it one`,
    )
  const token = readFileSync(where.bootstrapToken, 'utf8').trim()
  const connection = connectBy(config, where, { token })
  const patience = new AbortController()
  const forget = systemClock.schedule(systemClock.now() + approvalMs, () =>
    patience.abort(
      new WherryError(
        'Timeout',
        `nobody approved this node's certificate within ${approvalMs / 1000} s; an administrator finds the request of system:bootstrap:${token.split('.')[0]} by "kubectl get csr" and lets it in by "kubectl certificate approve"; then try "wherry up"`,
      ),
    ),
  )
  const { client } = connection
  try {
    const basis = { clock: systemClock, random: systemRandom, log: silentLog, signal: patience.signal }
    await bootstrapNode({ ...basis, client, where, nodeName: config.nodeName, store })
  } catch (error) {
    if (!isError(error, 'Unauthorized')) throw error
    throw new WherryError('Unauthorized', 'the token has ended meanwhile; "wherry join" with a new one goes on here', { cause: error })
  } finally {
    forget()
    await connection.close()
  }
}

/** Returns the images that were missing. */
async function prepareContainerd(layout: Layout, config: Config): Promise<readonly string[]> {
  const options = containerdOptions(layout, config)
  await ensureContainerd(options)
  checkCgroupDriver(options)
  const socket = containerdSocket(options)
  if ((await listImages(socket)).some(({ name }) => name === pauseImage)) return []
  // No registry has the second one either, which pods of the welcome application and of "wherry network check" ask for on any node.
  const made = await importImages(socket, await welcomeArchive())
  return [...(await importImages(socket, pauseArchive(process.arch as 'x64' | 'arm64'))), ...made]
}
