import { firstNumbers, outRules, shortRules } from './piece.ts'

/**
 * The rules of a chain that all ports with as many endpoints share, by its name: `to-3`, `here-2`, `out-3`, `short-3`, and the same with
 * `node-port-` before it. Undefined: no such chain.
 */
export function sharedRules(name: string): readonly string[] | undefined {
  const [, nodePort = '', way, digits] = /^(node-port-)?(to|here|out|short)-(\d+)$/.exec(name) ?? []
  if (way === undefined) return undefined
  const to = `${nodePort}to-${digits}`
  if (way === 'out') return outRules(to)
  if (way === 'short') return shortRules(to)
  // Drawn anew for every connection; conntrack keeps the answer for the connection's packets.
  return [`meta priority set numgen random mod ${digits} offset ${firstNumbers[way as 'to' | 'here']} goto ${nodePort}pick`]
}
