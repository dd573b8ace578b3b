import { labelOf, type NodeInfo } from './node-info.ts'
import { type Column32, type Columns, createColumns } from './topology-columns.ts'

/** The node does not have the label. */
export const noDomain = -1
/** Rows without a node. Domains count from 1, so that a row that was never written reads as this. */
const noNode = 0
/** A value that no node in the table has. */
const unknownDomain = 0x7fff_ffff

/** The values of one node label as small numbers: which domain a node is in is one look into an array. */
export interface Topology {
  readonly key: string
  /** By row of the node table: a domain, or `noDomain`. */
  readonly domains: Column32
  /** Columns with a row a domain. A domain whose last node has gone is given to another value; every count of it is 0 by then. */
  readonly columns: Columns
  /** For `domainOf`, where a row tells nothing. */
  idOf(value: string): number | undefined
  enter(node: NodeInfo): void
  leave(node: NodeInfo): void
}

/** The domain of a node, also of a trial's copy, whose row is not that of the node itself. */
export function domainOf({ key, domains, idOf }: Topology, node: NodeInfo): number {
  const domain = domains.values[node.slot]
  if (domain !== undefined && domain !== noNode) return domain
  const value = labelOf(node, key)
  return value === undefined ? noDomain : (idOf(value) ?? unknownDomain)
}

/** A topology without nodes; `rows` has a row a node. */
export function createTopology(key: string, rows: Columns): Topology {
  const ids = new Map<string, number>()
  const free: number[] = []
  const columns = createColumns()
  const nodesIn = columns.take()
  const domains = rows.take()
  let last = noNode

  function idFor(value: string): number {
    let id = ids.get(value)
    if (id === undefined) {
      ids.set(value, (id = free.pop() ?? (last += 1)))
      columns.ensure(id + 1)
    }
    return id
  }

  return {
    key,
    domains,
    columns,
    idOf: (value) => ids.get(value),
    enter(node) {
      const value = labelOf(node, key)
      const id = value === undefined ? noDomain : idFor(value)
      domains.values[node.slot] = id
      if (id !== noDomain) nodesIn.values[id]! += 1
    },
    leave(node) {
      const id = domains.values[node.slot]!
      domains.values[node.slot] = noNode
      if (id === noDomain) return
      nodesIn.values[id]! -= 1
      if (nodesIn.values[id] !== 0) return
      ids.delete(labelOf(node, key)!)
      free.push(id)
    },
  }
}
