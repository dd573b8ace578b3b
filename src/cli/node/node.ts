import { Node } from '#api/core/v1/node.ts'
import type { Config } from '#host/config.ts'
import { findDaemon } from '#host/daemon.ts'
import { isJoined } from '#host/join-settings.ts'
import { type Layout, paths } from '#host/layout.ts'
import { machineRanges } from '#host/machines/machines.ts'
import { addMachines, checkMachineName, listMachines } from '#host/machines/registry.ts'
import { durationMs } from '#lib/duration.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { alone } from '../alone.ts'
import { type Command, exit, type Given, type Terminal } from '../command.ts'
import { type Connection, connectAsAdmin } from '../connect.ts'
import { createProgress, type Progress, seconds } from '../progress.ts'
import { requireRoot } from '../require-root.ts'
import { checkFurther } from './bring-up-further.ts'
import { bringUpNodes } from './bring-up-nodes.ts'
import { drain } from './drain.ts'
import { describeNodes, listedNodes } from './listed-nodes.ts'
import { furtherNames, nodeNames } from './names.ts'
import { numberOf } from './number-of.ts'
import { deleteNode, finishLeaving, takeAway } from './take-away.ts'

/** A machine that does much else at once may be slow; a healthy one needs a tenth of this. */
const patienceMs = 120_000

export const node: Command = {
  name: 'node',
  summary: 'Add nodes to this machine, remove nodes, list all',
  usage: 'add [NAME…] [--count N] | remove NAME… [--force] [--timeout DURATION] | list [--json]',
  options: {
    count: { type: 'string', value: 'N', help: 'add: how many, where no names are given (default 1)' },
    force: {
      type: 'boolean',
      help: 'remove: pods that nobody makes anew as well, and after --timeout those that disruption budgets keep',
    },
    timeout: { type: 'string', value: 'DURATION', help: 'remove: how long budgets and ends of pods are waited for (default 5m)' },
    json: { type: 'boolean', help: 'list: as JSON' },
  },
  arguments: [1, Infinity],
  about:
    'A node that is added here is a machine of its own on this one: it has its own network, mounts, host name, address and container runtime, and joins the cluster by the same way as a machine elsewhere ("wherry join"). Without a name it gets that of the first node with a number: -2, -3 and so on.\nremove empties the node first, as "kubectl drain" does, and keeps disruption budgets. Of a node on another machine only the Node object is removed; "wherry reset" there does the rest.',
  async run(given, terminal) {
    const [action, ...names] = given.arguments
    switch (action) {
      case 'add':
        requireRoot()
        return alone(given.layout, () => onCluster(given, terminal, (basis) => add(basis, names)))
      case 'remove':
        requireRoot()
        if (names.length === 0)
          throw new WherryError('BadRequest', 'a name is missing: wherry node remove NAME…; "wherry node list" shows them')
        return alone(given.layout, () => onCluster(given, terminal, (basis) => remove(basis, names)))
      case 'list':
        if (names.length > 0) throw new WherryError('BadRequest', `node list does not take "${names[0]}"`)
        return onCluster(given, terminal, list)
      default:
        throw new WherryError('BadRequest', `node can add, remove and list, not "${action}"`)
    }
  },
}

interface Basis {
  readonly given: Given
  readonly terminal: Terminal
  readonly layout: Layout
  readonly config: Config
  readonly connection: Connection
  readonly progress: Progress
}

async function onCluster(given: Given, terminal: Terminal, work: (basis: Basis) => Promise<number>): Promise<number> {
  const { layout } = given
  const connection = connectAsAdmin(layout)
  try {
    const { config } = connection
    return await work({ given, terminal, layout, config, connection, progress: createProgress(terminal, () => performance.now()) })
  } finally {
    connection.close()
  }
}

async function add(basis: Basis, names: readonly string[]): Promise<number> {
  const { given, terminal, layout, config, connection, progress } = basis
  const startedAt = performance.now()
  if (isJoined(config)) throw new WherryError('BadRequest', 'nodes are added where the server runs; this machine has joined it')
  if (names.length > 0 && given.options['count'] !== undefined)
    throw new WherryError('BadRequest', 'give names, or --count for as many with names of our own, not both')
  refuseTwice(names)
  const count = numberOf(given.options['count'] ?? '1', '--count')
  checkFurther(config)
  requireServer(layout)
  await tidy(basis)
  const taken = [config.nodeName, ...(await nodeNames(connection.client)), ...listMachines(layout).map(({ name }) => name)]
  const wanted = names.length > 0 ? names : furtherNames(config.nodeName, taken, count)
  // Before the first of them is made.
  for (const name of wanted) {
    checkMachineName(layout, name)
    if (taken.includes(name)) throw new WherryError('AlreadyExists', `the cluster has a node ${name} already; "wherry node list" shows all`)
  }
  const machines = addMachines(layout, wanted, machineRanges(config))
  await bringUpNodes({ layout, config, connection, progress, patienceMs }, machines)
  terminal.out(`${wanted.join(', ')} ${wanted.length > 1 ? 'are' : 'is'} ready (${seconds(performance.now() - startedAt)}).\n`)
  return 0
}

async function remove(basis: Basis, names: readonly string[]): Promise<number> {
  const { given, terminal, layout, config, connection, progress } = basis
  const force = given.options['force'] === true
  const timeoutMs = timeoutOf(String(given.options['timeout'] ?? '5m'))
  if (names.includes(config.nodeName))
    throw new WherryError(
      'BadRequest',
      `${config.nodeName} is this machine's own node, beside which its server runs; "wherry reset" removes the whole cluster, "wherry kubectl drain ${config.nodeName}" empties the node`,
    )
  refuseTwice(names)
  requireServer(layout)
  const finished = await tidy(basis)
  const wanted = names.filter((one) => !finished.includes(one))
  // Before the first of them goes.
  const known = [...(await nodeNames(connection.client)), ...listMachines(layout).map(({ name }) => name)]
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new WherryError('NotFound', `there is no node ${unknown}; "wherry node list" shows all`)
  for (const name of wanted) {
    const machine = listMachines(layout).find((one) => one.name === name)
    const isNode = await isThere(connection, name)
    if (isNode)
      await progress.step(
        `Emptying ${name}`,
        () => drain(connection.client, name, { force, timeoutMs }),
        (count) => `${count} pod${count === 1 ? '' : 's'}`,
      )
    if (machine) await progress.step(`Removing ${name}`, () => takeAway(layout, connection.client, machine))
    else {
      await progress.step(`Removing the Node ${name}`, () => deleteNode(connection.client, name))
      terminal.out(`${name} is another machine: "wherry reset" there ends what runs on it, or it would register again.\n`)
    }
  }
  return 0
}

function refuseTwice(names: readonly string[]): void {
  if (new Set(names).size < names.length) throw new WherryError('BadRequest', 'a name is given twice')
}

/** What an earlier call was stopped at. */
async function tidy({ layout, connection, progress }: Basis): Promise<readonly string[]> {
  if (!listMachines(layout).some(({ isLeaving }) => isLeaving)) return []
  return progress.step(
    'Finishing an earlier removal',
    () => finishLeaving(layout, connection.client),
    (names) => names.join(', '),
  )
}

async function list({ given, terminal, layout, config, connection }: Basis): Promise<number> {
  // Without a server those of this machine are known still.
  const answer = await connection.client.list(Node).then(
    ({ items }) => ({ items }),
    (error: unknown) => {
      if (!isError(error)) throw error
      return { items: [], problem: error.message }
    },
  )
  const nodes = listedNodes(layout, config, answer.items)
  terminal.out(given.options['json'] ? `${JSON.stringify(nodes)}\n` : describeNodes(nodes))
  if (!('problem' in answer)) return exit.done
  terminal.error(`the API server does not answer, so these are the nodes of this machine alone: ${answer.problem}\n`)
  return exit.failed
}

function requireServer(layout: Layout): void {
  if (!findDaemon(paths(layout).serverPid)) throw new WherryError('ServiceUnavailable', 'the server does not run; "wherry up" starts it')
}

async function isThere({ client }: Connection, name: string): Promise<boolean> {
  try {
    await client.get(Node, name)
    return true
  } catch (error) {
    if (isError(error, 'NotFound')) return false
    throw error
  }
}

function timeoutOf(given: string): number {
  try {
    const ms = durationMs(given)
    if (ms >= 0) return ms
  } catch {
    // Said below, with what it should be.
  }
  throw new WherryError('BadRequest', `--timeout must be a duration such as 90s or 10m, not "${given}"`)
}
