import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Secret } from '#api/core/v1/secret.ts'
import type { Client } from '#client/client.ts'
import type { Informer } from '#client/informer.ts'
import { createInformer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Reference } from './payload.ts'

/** ConfigMaps and Secrets, one by one: a node may watch only those that its pods name. */
export interface ObjectSource {
  /** Follows one object from now on; several may follow the same. `changed` is called after each change, also when it comes or goes. */
  follow(reference: Reference, namespace: string, changed: () => void): FollowedObject
}

export interface FollowedObject {
  /** Resolves when its present state is known; rejects when following was ended before. */
  synced(): Promise<void>
  /** Undefined: there is none. */
  get(): ConfigMap | Secret | undefined
  stop(): void
}

/** A watch for each object, shared by all who follow it and ended with the last of them. */
export function createObjectSource(
  client: Client,
  options: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): ObjectSource {
  const shared = new Map<string, { readonly informer: Informer<ConfigMap | Secret>; users: number }>()
  return {
    follow({ kind, name }, namespace, changed) {
      const key = `${kind}/${namespace}/${name}`
      let entry = shared.get(key)
      if (!entry) {
        const selection = { ...options, namespace, fieldSelector: `metadata.name=${name}` }
        const informer = kind === 'Secret' ? createInformer(client, Secret, selection) : createInformer(client, ConfigMap, selection)
        entry = { informer: informer as unknown as Informer<ConfigMap | Secret>, users: 0 }
        shared.set(key, entry)
      }
      const { informer } = entry
      entry.users += 1
      const forget = informer.onChange(() => {
        if (informer.isSynced) changed()
      })
      let stopped = false
      return {
        synced: () => informer.synced(),
        get: () => informer.get(name, namespace),
        stop: () => {
          if (stopped) return
          stopped = true
          forget()
          entry.users -= 1
          if (entry.users > 0) return
          shared.delete(key)
          void informer.close()
        },
      }
    },
  }
}
