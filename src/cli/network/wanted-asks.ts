import type { Ask } from './probe.ts'

/** A node as the check sees it. */
export interface CheckedNode {
  readonly name: string
  /** Its InternalIPs. */
  readonly addresses: readonly string[]
  readonly kubeletPort: number
}

/** A pod that answers. */
export interface Target {
  readonly node: string
  readonly addresses: readonly string[]
}

/** What is asked about; `node`: of which node the asked is, '' where it is of none. */
export interface Question extends Ask {
  readonly kind: CheckKind
  readonly node: string
}

/** In the order in which they rest on each other: what fails further up explains what fails further down. */
export const checkKinds = ['node to node', 'pod to node', 'node to pod', 'pod to pod', 'full packet', 'pod to service', 'DNS'] as const
export type CheckKind = (typeof checkKinds)[number]

export interface CheckPlan {
  readonly nodes: readonly CheckedNode[]
  readonly targets: readonly Target[]
  readonly targetPort: number
  readonly service: { readonly name: string; readonly addresses: readonly string[]; readonly port: number }
  /** Asked about by pods and nodes alike; absent: all. */
  readonly only?: string
}

/** From how many others each node asks at most: in a large cluster each is asked from its neighbours in the ring, not from all. */
const mostPeers = 20

/** What a pod of this node asks, and what the node itself asks. */
export function wantedAsks(plan: CheckPlan, from: CheckedNode): { readonly pod: readonly Question[]; readonly node: readonly Question[] } {
  const { targets, targetPort, service, only } = plan
  const peers = neighbours(plan.nodes, from.name).filter(({ name }) => only === undefined || from.name === only || name === only)
  const near = new Set([from.name, ...peers.map(({ name }) => name)])
  const asked = targets.filter(({ node }) => near.has(node) && (only === undefined || from.name === only || node === only))
  const toNodes = (kind: CheckKind): Question[] =>
    peers.flatMap(({ name, addresses, kubeletPort }) =>
      addresses.map((to) => question({ kind, node: name, do: 'open' as const, to, port: kubeletPort })),
    )
  const toPods = (kind: CheckKind, ways: readonly Ask['do'][]): Question[] =>
    asked.flatMap(({ node, addresses }) =>
      addresses.flatMap((to) => ways.map((way) => question({ kind, node, do: way, to, port: targetPort }))),
    )
  const toService = service.addresses.flatMap((to) =>
    (['open', 'udp'] as const).map((way) => question({ kind: 'pod to service', node: '', do: way, to, port: service.port })),
  )
  const isAsked = only === undefined || from.name === only
  return {
    pod: [
      ...toNodes('pod to node'),
      ...toPods('pod to pod', ['tcp', 'udp']),
      ...toPods('full packet', ['full']),
      ...(isAsked ? [...toService, question({ kind: 'DNS', node: '', do: 'dns' as const, to: service.name, port: 0 })] : []),
    ],
    node: [...toNodes('node to node'), ...toPods('node to pod', ['open'])],
  }
}

const question = (one: Omit<Question, 'id'>): Question => ({ ...one, id: `${one.kind}/${one.do}/${one.to}/${one.port}` })

function neighbours(nodes: readonly CheckedNode[], name: string): CheckedNode[] {
  const at = nodes.findIndex((node) => node.name === name)
  return [...nodes.slice(at + 1), ...nodes.slice(0, at)].slice(0, mostPeers)
}
