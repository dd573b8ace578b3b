import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive } from '#api/core/v1/pod-helpers.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import { type Invariant, idOf, type Scene } from './invariant.ts'

const pods = prefixOf(Pod)

/** No two pods that run have one address. */
export function addresses({ world }: Scene): Invariant {
  return {
    name: 'addresses',
    onCommit(changes) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (!key.startsWith(pods) || after === undefined) continue
        const pod = after as Pod
        const { podIP } = pod.status
        if (!podIP || pod.spec.hostNetwork || !isPodActive(pod) || (before as Pod | undefined)?.status.podIP === podIP) continue
        for (const other of world.list<Pod>(Pod))
          if (other.metadata.uid !== pod.metadata.uid && other.status.podIP === podIP && isPodActive(other))
            problems.push(`${idOf(pod)} and ${idOf(other)} both have ${podIP}`)
      }
      return problems
    },
  }
}
