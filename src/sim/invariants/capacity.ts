import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { amountsOf, podRequests } from '#api/core/v1/resources.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import { type Invariant, idOf, type Scene } from './invariant.ts'

const pods = prefixOf(Pod)

/** The scheduler never gives a node more than it has. */
export function capacity({ world }: Scene): Invariant {
  return {
    name: 'capacity',
    onCommit(changes, who) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (!key.startsWith(pods) || after === undefined || who.name !== 'default-scheduler') continue
        const { nodeName } = (after as Pod).spec
        if (!nodeName || (before as Pod | undefined)?.spec.nodeName) continue
        const node = world.list<Node>(Node).find(({ metadata }) => metadata.name === nodeName)
        if (node === undefined) continue
        const here = world.list<Pod>(Pod).filter((pod) => pod.spec.nodeName === nodeName && !isPodTerminal(pod))
        const asked = here.map((pod) => amountsOf(podRequests(pod.spec)))
        const room = amountsOf(node.status.allocatable)
        const taken: Record<string, number> = { pods: here.length }
        for (const amounts of asked) for (const [name, value] of Object.entries(amounts)) taken[name] = (taken[name] ?? 0) + value
        for (const [name, value] of Object.entries(taken))
          if (value > (room[name] ?? 0))
            problems.push(`${nodeName} has ${room[name] ?? 0} ${name}; with ${idOf(after)} its pods ask for ${value}`)
      }
      return problems
    },
  }
}
