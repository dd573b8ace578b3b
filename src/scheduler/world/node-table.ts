import type { Node } from '#api/core/v1/node.ts'
import { amountsOf } from '#api/core/v1/resources.ts'
import { deepEqual } from '#schema/fields.ts'
import { imageBytesOf, type NodeInfo, portKey } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** Amounts of one resource, a row a node: what the node has for pods, and what pods ask for there. */
export interface Column {
  allocatable: Float64Array
  requested: Float64Array
}

/**
 * Every node in columns of numbers, so that filters and scores run over plain memory. A row is used again when its node is gone. Rows beyond
 * the nodes serve trials: copies of a node on which "what if" is asked.
 */
export interface NodeTable {
  /** By name. */
  readonly nodes: ReadonlyMap<string, NodeInfo>
  /** All nodes, zone by zone in turn, so that looking at the first few looks into every zone. */
  readonly order: readonly NodeInfo[]
  /** One more than the largest row in use. */
  readonly rows: number
  /** Undefined: no node has any of it. */
  column(resource: string): Column | undefined
  readonly cpu: Column
  readonly memory: Column
  readonly pods: Column
  /** What scores count as asked for. */
  readonly scored: { cpu: Float64Array; memory: Float64Array }
  set(node: Node): NodeInfo
  remove(name: string): void
  add(info: NodeInfo, pod: PodInfo): void
  subtract(info: NodeInfo, pod: PodInfo): void
  /** The pod's object is another, its shape is the same. */
  show(info: NodeInfo, pod: PodInfo): void
  /** How many changes of nodes there were: a position for `changedSince`. */
  readonly changes: number
  /**
   * Rows whose node changed, came or went from that position on, some of them several times; undefined: too long ago to be known. A row that
   * is nobody's any more is among them.
   */
  changedSince(position: number): Iterable<number> | undefined
  /** The node of a row. */
  at(slot: number): NodeInfo | undefined
  /** A copy with a row of its own, in no list; to be given back to `release`. */
  copy(info: NodeInfo): NodeInfo
  release(copy: NodeInfo): void
}

const rowsAtFirst = 64
/** So many changes are remembered; who looks more seldom looks at every node. */
const changesMax = 8192

/** An empty table. */
export function createNodeTable(): NodeTable {
  const nodes = new Map<string, NodeInfo>()
  const columns = new Map<string, Column>()
  const bySlot: (NodeInfo | undefined)[] = []
  const freeRows: number[] = []
  const journal = new Int32Array(changesMax)
  let changes = 0
  let rows = 0
  let capacity = rowsAtFirst
  let generation = 0
  let order: readonly NodeInfo[] | undefined
  const scored: NodeTable['scored'] = { cpu: new Float64Array(capacity), memory: new Float64Array(capacity) }
  const cpu = addColumn('cpu')
  const memory = addColumn('memory')
  const pods = addColumn('pods')

  function addColumn(resource: string): Column {
    const column = { allocatable: new Float64Array(capacity), requested: new Float64Array(capacity) }
    columns.set(resource, column)
    // Pods may have asked for it on nodes that had none.
    for (const info of nodes.values()) for (const pod of info.pods.values()) column.requested[info.slot]! += wantOf(pod, resource)
    return column
  }

  function takeRow(): number {
    const free = freeRows.pop()
    if (free !== undefined) return free
    if (rows === capacity) grow()
    rows += 1
    return rows - 1
  }

  function grow(): void {
    capacity *= 2
    for (const column of columns.values()) {
      column.allocatable = grown(column.allocatable, capacity)
      column.requested = grown(column.requested, capacity)
    }
    scored.cpu = grown(scored.cpu, capacity)
    scored.memory = grown(scored.memory, capacity)
  }

  function count(info: NodeInfo, { shape }: PodInfo, sign: 1 | -1): void {
    for (const { resource, amount } of shape.requests) {
      const column = columns.get(resource)
      if (column !== undefined) column.requested[info.slot]! += sign * amount
    }
    pods.requested[info.slot]! += sign
    scored.cpu[info.slot]! += sign * shape.scored.cpu
    scored.memory[info.slot]! += sign * shape.scored.memory
    for (const hostPort of shape.hostPorts) {
      const key = portKey(hostPort)
      const held = (info.ports.get(key) ?? 0) + sign
      if (held > 0) info.ports.set(key, held)
      else info.ports.delete(key)
    }
  }

  function clearRow(slot: number): void {
    for (const column of columns.values()) column.allocatable[slot] = column.requested[slot] = 0
    scored.cpu[slot] = scored.memory[slot] = 0
  }

  const noteChange = (slot: number): void => {
    journal[changes % changesMax] = slot
    changes += 1
  }

  /** Trials change copies, which are nobody's business. */
  const stamp = (info: NodeInfo): void => {
    info.generation = generation += 1
    if (bySlot[info.slot] === info) noteChange(info.slot)
  }

  const put = (info: NodeInfo, pod: PodInfo): void => {
    const { uid } = pod.pod.metadata
    info.pods.set(uid, pod)
    if (pod.shape.hasAffinity) info.podsWithAffinity.set(uid, pod)
    if (pod.shape.hasRequiredAntiAffinity) info.podsWithRequiredAntiAffinity.set(uid, pod)
  }

  function* journaled(from: number): Generator<number> {
    for (let at = from; at < changes; at += 1) yield journal[at % changesMax]!
  }

  const table: NodeTable = {
    nodes,
    cpu,
    memory,
    pods,
    scored,
    get order() {
      order ??= byZoneInTurn(nodes)
      return order
    },
    get rows() {
      return rows
    },
    get changes() {
      return changes
    },
    changedSince: (position) => (changes - position > changesMax ? undefined : journaled(position)),
    at: (slot) => bySlot[slot],
    column: (resource) => columns.get(resource),
    set(node) {
      const { name } = node.metadata
      let info = nodes.get(name)
      if (info === undefined) {
        info = {
          name,
          node,
          slot: takeRow(),
          table,
          pods: new Map(),
          podsWithAffinity: new Map(),
          podsWithRequiredAntiAffinity: new Map(),
          ports: new Map(),
          imageBytes: imageBytesOf(node),
          generation: 0,
        }
        nodes.set(name, info)
        bySlot[info.slot] = info
        order = undefined
      } else {
        if (zoneOf(info.node) !== zoneOf(node)) order = undefined
        if (!deepEqual(info.node.status.images, node.status.images)) info.imageBytes = imageBytesOf(node)
        info.node = node
      }
      const amounts = amountsOf(node.status.allocatable)
      for (const resource of Object.keys(amounts)) if (!columns.has(resource)) addColumn(resource)
      for (const [resource, column] of columns) column.allocatable[info.slot] = amounts[resource] ?? 0
      stamp(info)
      return info
    },
    remove(name) {
      const info = nodes.get(name)
      if (info === undefined) return
      nodes.delete(name)
      bySlot[info.slot] = undefined
      noteChange(info.slot)
      order = undefined
      clearRow(info.slot)
      freeRows.push(info.slot)
    },
    add(info, pod) {
      put(info, pod)
      count(info, pod, 1)
      stamp(info)
    },
    subtract(info, pod) {
      const { uid } = pod.pod.metadata
      info.pods.delete(uid)
      info.podsWithAffinity.delete(uid)
      info.podsWithRequiredAntiAffinity.delete(uid)
      count(info, pod, -1)
      stamp(info)
    },
    show(info, pod) {
      put(info, pod)
      // Nothing that is counted is another, so that rankings need not look again.
      info.generation = generation += 1
    },
    copy(info) {
      const slot = takeRow()
      for (const column of columns.values()) {
        column.allocatable[slot] = column.allocatable[info.slot]!
        column.requested[slot] = column.requested[info.slot]!
      }
      scored.cpu[slot] = scored.cpu[info.slot]!
      scored.memory[slot] = scored.memory[info.slot]!
      return {
        ...info,
        slot,
        pods: new Map(info.pods),
        podsWithAffinity: new Map(info.podsWithAffinity),
        podsWithRequiredAntiAffinity: new Map(info.podsWithRequiredAntiAffinity),
        ports: new Map(info.ports),
      }
    },
    release({ slot }) {
      clearRow(slot)
      freeRows.push(slot)
    },
  }
  return table
}

const wantOf = ({ shape }: PodInfo, resource: string): number =>
  resource === 'pods' ? 1 : (shape.requests.find((want) => want.resource === resource)?.amount ?? 0)

function grown(values: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity)
  larger.set(values)
  return larger
}

/** One node of each zone, then the next of each (kube-scheduler backend/cache/node_tree.go). */
function byZoneInTurn(nodes: ReadonlyMap<string, NodeInfo>): readonly NodeInfo[] {
  const zones = [...Map.groupBy(nodes.values(), ({ node }) => zoneOf(node)).values()]
  const order: NodeInfo[] = []
  for (let turn = 0; order.length < nodes.size; turn += 1) for (const zone of zones) if (turn < zone.length) order.push(zone[turn]!)
  return order
}

const zoneOf = ({ metadata: { labels } }: Node): string =>
  `${labels?.['topology.kubernetes.io/region'] ?? labels?.['failure-domain.beta.kubernetes.io/region'] ?? ''}\0${labels?.['topology.kubernetes.io/zone'] ?? labels?.['failure-domain.beta.kubernetes.io/zone'] ?? ''}`
