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

const ways = ['to', 'here', 'out', 'short'] as const

/**
 * A shared chain's number, which leads to it by the map `ways`. Services hold these and not the chains' names: the kernel walks through all elements
 * that name a chain, whenever one is added.
 */
export function wayNumber(name: string): string | undefined {
  const [, nodePort, way, digits] = /^(node-port-)?(to|here|out|short)-(\d+)$/.exec(name) ?? []
  if (way === undefined) return undefined
  const high = 0x10 + ways.indexOf(way as 'to') + (nodePort === undefined ? 0 : ways.length)
  return `${high.toString(16)}:${Number(digits).toString(16)}`
}

/** The chain of a number; undefined for what is none. */
export function chainOfWay(number: string): string | undefined {
  const [, high, low] = /^(1[0-7]):([0-9a-f]+)$/.exec(number) ?? []
  if (high === undefined) return undefined
  const at = Number.parseInt(high, 16) - 0x10
  return `${at >= ways.length ? 'node-port-' : ''}${ways[at % ways.length]}-${Number.parseInt(low!, 16)}`
}

/**
 * Where the numbers of endpoints begin: of the whole cluster, and of this node, so that both share a map. Each stands in 16 bits of a packet's
 * priority, above what a priority is otherwise; never with a low half of zero, which nft writes otherwise than it reads it.
 */
export const firstNumbers = { to: 0x1_0001, here: 0x2_0001 } as const

/** Marks what has to leave with this node's own address; the last chain takes the mark away. */
export const masqueradeMark = '0x4000'
const mark = `meta mark set mark or ${masqueradeMark}`
/** Endpoints may be on other nodes: their answers have to come back through this one. */
export const outRules = (to: string): readonly string[] => [`${mark} goto ${to}`]
/** The node's own packets may have a balancer's address, which is local, as their sender's. */
export const shortRules = (to: string): readonly string[] => [`fib saddr type local ${mark}`, `goto ${to}`]
