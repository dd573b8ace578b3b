import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodAvailable, isPodReady, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import { controllerOf, type Invariant, idOf, Recent, rollingBounds, type Scene } from './invariant.ts'

const deployments = prefixOf(Deployment)
const replicaSets = prefixOf(ReplicaSet)
const pods = prefixOf(Pod)

/**
 * A Deployment never asks for more than its replicas and its surge, a ReplicaSet never makes more pods than it was asked for, Recreate begins
 * when the old pods are gone, and a rolling update ends no ready pod that the wished availability needs.
 */
export function replicaBounds({ world, staleMs, podsAreDisturbed }: Scene): Invariant {
  const most = new Recent()
  const fewest = new Recent()
  const wished = new Recent()
  const setsOf = (uid: string) => world.list<ReplicaSet>(ReplicaSet).filter((set) => controllerOf(set)?.uid === uid)
  const podsOf = (uid: string) => world.list<Pod>(Pod).filter((pod) => controllerOf(pod)?.uid === uid)

  return {
    name: 'replica bounds',
    onCommit(changes, who, now) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (key.startsWith(deployments) && after !== undefined) {
          const deployment = after as Deployment
          const { surge, unavailable } = rollingBounds(deployment)
          const replicas = deployment.spec.replicas ?? 1
          most.set(after.metadata.uid, replicas + surge, now)
          fewest.set(after.metadata.uid, replicas - unavailable, now)
        }
        if (key.startsWith(replicaSets) && after !== undefined) {
          const set = after as ReplicaSet
          const raised = (set.spec.replicas ?? 1) > ((before as ReplicaSet | undefined)?.spec.replicas ?? 0)
          wished.set(set.metadata.uid, set.spec.replicas ?? 1, now)
          const owner = controllerOf(set)
          if (raised && owner !== undefined && who.name === 'deployment-controller') {
            const sets = setsOf(owner.uid)
            const total = sets.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0)
            const bound = Math.max(...most.since(owner.uid, now - staleMs))
            if (total > bound) problems.push(`the ReplicaSets of ${owner.name} ask for ${total} pods, at most ${bound} are allowed`)
            const deployment = world.list<Deployment>(Deployment).find(({ metadata }) => metadata.uid === owner.uid)
            if (deployment?.spec.strategy?.type === 'Recreate') {
              const old = sets.filter(({ metadata }) => metadata.uid !== set.metadata.uid).flatMap(({ metadata }) => podsOf(metadata.uid))
              const running = old.filter((pod) => !isPodTerminal(pod))
              // Old sets without a wish for pods are those that an older template left.
              const before = set.spec.template.metadata?.labels?.['pod-template-hash']
              if (running.length > 0 && before !== undefined)
                problems.push(`${idOf(set)} is scaled up while ${running.length} pods of the old template run: ${running.map(idOf)}`)
            }
          }
        }
        if (!key.startsWith(pods)) continue
        const pod = (after ?? before) as Pod
        const owner = controllerOf(pod)
        if (owner?.kind !== 'ReplicaSet') continue
        if (before === undefined && who.name === 'replicaset-controller') {
          const active = podsOf(owner.uid).filter(isPodActive).length
          const bound = Math.max(...wished.since(owner.uid, now - staleMs))
          if (active > bound) problems.push(`ReplicaSet ${owner.name} has ${active} pods after ${idOf(pod)}, ${bound} are wished`)
        }
        const isEnding = after === undefined || after.metadata.deletionTimestamp !== undefined
        const wasServing = before !== undefined && isPodReady(before as Pod) && before.metadata.deletionTimestamp === undefined
        if (!podsAreDisturbed && isEnding && wasServing && who.name === 'replicaset-controller') {
          const set = world.list<ReplicaSet>(ReplicaSet).find(({ metadata }) => metadata.uid === owner.uid)
          const deployment = set && controllerOf(set)
          if (deployment === undefined) continue
          // One that is ready and not yet available is in nobody's promise.
          const { minReadySeconds = 0 } =
            world.list<Deployment>(Deployment).find(({ metadata }) => metadata.uid === deployment.uid)?.spec ?? {}
          if (!isPodAvailable(before as Pod, minReadySeconds, now)) continue
          const ready = setsOf(deployment.uid)
            .flatMap(({ metadata }) => podsOf(metadata.uid))
            .filter((one) => isPodActive(one) && isPodReady(one)).length
          const bound = Math.min(...fewest.since(deployment.uid, now - staleMs))
          if (ready < bound)
            problems.push(`${deployment.name} has ${ready} ready pods after the end of ${idOf(pod)}, ${bound} are promised`)
        }
      }
      return problems
    },
  }
}
