import { Node } from '#api/core/v1/node.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'

/** The Node object that this agent is, as the API server has it. */
export interface OwnNode {
  read(): Promise<Node>
  /** Resolves with what `find` gives once it gives something; rejects with the signal's reason. */
  until<T>(find: (node: Node) => T | undefined, signal: AbortSignal): Promise<T>
}

/** Watched only while somebody waits for a change, and once however many wait. */
export function createOwnNode(
  client: Client,
  nodeName: string,
  options: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): OwnNode {
  let watched: { readonly informer: Informer<Node>; waiting: number } | undefined
  return {
    read: () => client.get(Node, nodeName),
    async until(find, signal) {
      signal.throwIfAborted()
      const found = Promise.withResolvers<NonNullable<ReturnType<typeof find>>>()
      const abort = () => found.reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      watched ??= { informer: createInformer(client, Node, { ...options, fieldSelector: `metadata.name=${nodeName}` }), waiting: 0 }
      const mine = watched
      mine.waiting += 1
      const forget = mine.informer.onChange((node, _previous, change) => {
        const value = change === 'deleted' ? undefined : find(node)
        if (value !== undefined && value !== null) found.resolve(value)
      })
      try {
        return await found.promise
      } finally {
        forget()
        signal.removeEventListener('abort', abort)
        mine.waiting -= 1
        if (mine.waiting === 0) {
          watched = undefined
          await mine.informer.close()
        }
      }
    },
  }
}
