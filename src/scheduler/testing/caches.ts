import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { neededKinds } from '../needed-kinds.ts'
import type { SchedulerOptions } from '../start-scheduler.ts'

/** Caches of everything that a scheduler looks at, over this client. */
export function createCaches(client: Client, means: { readonly clock: Clock; readonly log: Log }) {
  const informers = new Map<AnyKind, Informer<never>>(
    neededKinds.map((kind) => [kind, createInformer(client, kind, { ...means, random: seededRandom(1) }) as Informer<never>]),
  )
  const informer = <T>(kind: AnyKind) => informers.get(kind) as unknown as Informer<T>
  const options: Pick<SchedulerOptions, 'client' | 'pods' | 'nodes' | 'namespaces' | 'sources' | 'sourcesSynced'> = {
    client,
    pods: informer<Pod>(Pod),
    nodes: informer<Node>(Node),
    namespaces: informer<Namespace>(Namespace),
    sources: (kind) => informers.get(kind) as never,
    sourcesSynced: Promise.all([...informers.values()].map((each) => each.synced())),
  }
  return {
    options,
    async close(): Promise<void> {
      for (const each of informers.values()) await each.close()
    },
  }
}
