import type { Node } from '#api/core/v1/node.ts'
import { type Config, nodeAddresses } from '#host/config.ts'
import { containerdSocket } from '#host/containerd.ts'
import { findDaemon } from '#host/daemon.ts'
import { type Layout, paths } from '#host/layout.ts'
import { machinePaths } from '#host/machines/machine.ts'
import { listMachines } from '#host/machines/registry.ts'

/** A node of the cluster as its administrator sees it. */
export interface ListedNode {
  readonly name: string
  /** The node's own one, or '' as long as nobody knows it. */
  readonly address: string
  readonly ready: boolean
  /** Whether it takes new pods. */
  readonly schedulable: boolean
  /** `host`: this machine itself; `namespaces`: a further node of it; `elsewhere`: another machine. */
  readonly place: 'host' | 'namespaces' | 'elsewhere'
  /** Of nodes of this machine. */
  readonly agent?: { readonly running: boolean; readonly pid?: number }
  readonly containerdSocket?: string
  /** It was told to go, and the call that did so was stopped. */
  readonly isLeaving?: boolean
}

/** The layouts of all nodes of this machine by their names, the machine's own one first. */
export function localLayouts(layout: Layout, config: Pick<Config, 'nodeName'>): ReadonlyMap<string, Layout> {
  const further = listMachines(layout).filter(({ isLeaving }) => !isLeaving)
  return new Map([[config.nodeName, layout], ...further.map(({ name }) => [name, machinePaths(layout, name).layout] as const)])
}

/** Every node that the API server shows, and those of this machine that have not come so far; this machine's first. */
export function listedNodes(layout: Layout, config: Config, items: readonly Node[]): readonly ListedNode[] {
  const local = localLayouts(layout, config)
  const leaving = listMachines(layout).filter(({ isLeaving }) => isLeaving)
  const addresses = new Map(listMachines(layout).map((machine) => [machine.name, machine.addresses[0] ?? '']))
  const names = new Set([...local.keys(), ...leaving.map(({ name }) => name), ...items.map(({ metadata }) => metadata.name)])
  return [...names].map((name): ListedNode => {
    const node = items.find(({ metadata }) => metadata.name === name)
    const own = local.get(name)
    return {
      name,
      address:
        node?.status.addresses?.find(({ type }) => type === 'InternalIP')?.address ??
        addresses.get(name) ??
        (name === config.nodeName ? nodeAddresses(config)[0]! : ''),
      ready: node?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
      schedulable: node !== undefined && node.spec.unschedulable !== true,
      place: name === config.nodeName ? 'host' : addresses.has(name) ? 'namespaces' : 'elsewhere',
      ...(own && { ...localFacts(own) }),
      ...(leaving.some((machine) => machine.name === name) && { isLeaving: true }),
    }
  })
}

function localFacts(layout: Layout): Pick<ListedNode, 'agent' | 'containerdSocket'> {
  const { agentPid, containerdState } = paths(layout)
  const agent = findDaemon(agentPid)
  return {
    agent: agent ? { running: true, pid: agent.pid } : { running: false },
    containerdSocket: containerdSocket({ stateDirectory: containerdState }),
  }
}

/** A table for people. */
export function describeNodes(nodes: readonly ListedNode[]): string {
  const places = { host: 'this machine', namespaces: 'on this machine', elsewhere: 'elsewhere' }
  const rows = nodes.map(({ name, address, ready, schedulable, place, agent, isLeaving }) => [
    name,
    address,
    isLeaving ? 'being removed' : `${ready ? 'ready' : 'not ready'}${schedulable || !ready ? '' : ', cordoned'}`,
    places[place],
    agent === undefined ? '' : agent.running ? `agent ${agent.pid}` : 'no agent',
  ])
  const table = [['NAME', 'ADDRESS', 'STATE', 'WHERE', 'AGENT'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
