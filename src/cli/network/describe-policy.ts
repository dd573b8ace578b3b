import type { Pod } from '#api/core/v1/pod.ts'
import {
  type Connection,
  type ConnectionEnd,
  type ConnectionVerdict,
  explainConnection,
  type PolicyView,
  type SideVerdict,
} from '#api/networking/v1/explain-connection.ts'

/** Which policies a pod is subject to, in words. */
export function describeIsolation(view: PolicyView, pod: Pod): string {
  const title = `${nameOf(pod)}\n`
  if (pod.spec.hostNetwork) return `${title}  uses its node's network, so no policy selects it\n`
  if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return `${title}  has ended, so no policy selects it any more\n`
  // Whoever isolates it isolates it from everybody: any other end shows it.
  const end = { pod, address: 'its own' }
  const stranger = { address: 'another' }
  const outgoing = explainConnection(view, { from: end, to: stranger, protocol: 'TCP', port: 0 }).egress
  const incoming = explainConnection(view, { from: stranger, to: end, protocol: 'TCP', port: 0 }).ingress
  const line = (side: SideVerdict | undefined) =>
    side === undefined
      ? 'everything: no policy isolates it this way'
      : `only what ${list(side.isolatedBy)} ${side.isolatedBy.length === 1 ? 'allows' : 'allow'}`
  return `${title}  comes in: ${line(incoming)}\n  goes out: ${line(outgoing)}\n`
}

/** Why a connection is let through or refused, in words. */
export function describeVerdict({ from, to, protocol, port }: Connection, { isAllowed, egress, ingress }: ConnectionVerdict): string {
  const lines = [`From ${endOf(from)} to ${endOf(to)}, ${protocol} ${port}: ${isAllowed ? 'allowed' : 'refused'}`]
  if (from.address === to.address) lines.push('  a pod always reaches itself')
  else lines.push(`  ${sideOf(from, 'send', egress)}`, `  ${sideOf(to, 'get', ingress)}`)
  if (!isAllowed) lines.push('  (a node always reaches its own pods, and what was begun before a policy goes on)')
  return `${lines.join('\n')}\n`
}

function sideOf({ pod }: ConnectionEnd, act: 'send' | 'get', side: SideVerdict | undefined): string {
  const who = pod === undefined ? 'what is no pod' : pod.metadata.name
  if (side === undefined) return `${who} may ${act} it: ${pod === undefined ? 'policies are for pods' : 'no policy isolates it this way'}`
  if (!side.isAllowed)
    return `${who} may not ${act} it: isolated by ${list(side.isolatedBy)}, and no rule of ${side.isolatedBy.length === 1 ? 'it' : 'these'} allows it`
  const field = act === 'send' ? 'egress' : 'ingress'
  return `${who} may ${act} it: by ${list(side.allowedBy.map(({ policy, rule }) => `${policy} (spec.${field}[${rule}])`))}`
}

const nameOf = ({ metadata }: Pod): string => `pod ${metadata.name} in ${metadata.namespace}`
const endOf = ({ pod, address }: ConnectionEnd): string => (pod === undefined ? address : `${nameOf(pod)} (${address})`)
const list = (names: readonly string[]): string => names.join(', ')
