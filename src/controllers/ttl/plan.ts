import { Node } from '#api/core/v1/node.ts'
import { type Plan, type Single, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'

export const ttlAnnotation = 'node.alpha.kubernetes.io/ttl'

export interface TtlView {
  /** All of the cluster. */
  readonly nodes: readonly Node[]
}

/**
 * For how many seconds a kubelet may keep ConfigMaps and Secrets without asking again, by the number of nodes; the reference's steps. Neighbours
 * overlap, so that a node that comes and goes does not change all the others.
 */
const steps: readonly { readonly from: number; readonly to: number; readonly ttlSeconds: number }[] = [
  { from: 0, to: 100, ttlSeconds: 0 },
  { from: 90, to: 500, ttlSeconds: 15 },
  { from: 450, to: 1000, ttlSeconds: 30 },
  { from: 900, to: 2000, ttlSeconds: 60 },
  { from: 1800, to: Infinity, ttlSeconds: 300 },
]

/** Notes on each node for how long what it read may be kept: as most nodes say already, as long as that fits their number. */
export function planTtl({ nodes }: TtlView): Plan {
  const fitting = steps.filter(({ from, to }) => nodes.length >= from && nodes.length <= to).map(({ ttlSeconds }) => `${ttlSeconds}`)
  const saying = (text: string) => nodes.filter((node) => said(node) === text).length
  const wanted = fitting.reduce((best, text) => (saying(text) > saying(best) ? text : best))
  const commands = nodes
    .filter((node) => said(node) !== wanted)
    .map((node): Single => ({ do: 'patch', ...targetOf(Node, node), body: { metadata: { annotations: { [ttlAnnotation]: wanted } } } }))
  return commands.length === 0 ? settled : { commands: [{ do: 'together', commands, ifFails: 'goOn' }], wakeAt: Infinity }
}

export const said = ({ metadata }: Node): string | undefined => metadata.annotations?.[ttlAnnotation]
