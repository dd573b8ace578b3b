import { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Instant } from '#lib/clock.ts'
import { type Invariant, idOf, type Scene } from './invariant.ts'

const pods = prefixOf(Pod)
const slices = prefixOf(EndpointSlice)

/** Nobody is sent to a pod that is not ready, and was not a moment ago. */
export function endpoints({ world, staleMs }: Scene): Invariant {
  /** When a pod, by uid, was last ready. */
  const readyAt = new Map<string, Instant>()
  return {
    name: 'endpoints',
    onCommit(changes, who, now) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (key.startsWith(pods)) for (const pod of [before, after]) if (isReady(pod)) readyAt.set(pod!.metadata.uid, now)
        if (!key.startsWith(slices) || after === undefined || who.name !== 'endpointslice-controller') continue
        for (const { conditions, targetRef } of (after as EndpointSlice).endpoints ?? []) {
          const pod = world.byKey(`${pods}${targetRef?.namespace}/${targetRef?.name}`)
          if (!conditions.ready || pod === undefined || pod.metadata.uid !== targetRef?.uid) continue
          if (!isReady(pod) && (readyAt.get(pod.metadata.uid) ?? -Infinity) < now - staleMs)
            problems.push(`${idOf(after)} sends to ${idOf(pod)}, which is not ready`)
        }
      }
      return problems
    },
  }
}

const isReady = (object: object | undefined): boolean => object !== undefined && isPodReady(object as Pod)
