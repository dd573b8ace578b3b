import type { KubeObject } from '#api/kind.ts'
import { compareResourceVersions } from '#client/resource-version.ts'

/**
 * What an informer promises of its changes: each is told once, those of one object one after another by resourceVersion, beginning with `added`,
 * and none between `deleted` and the next `added`. What was deleted comes back with a newer version only, as with a label that it has again.
 */
export interface Order {
  /** One change, as it is told. Answers what is wrong with it. */
  told(object: KubeObject, previous: KubeObject | undefined, change: 'added' | 'modified' | 'deleted'): string | undefined
  /** What is gone takes no more room. Only when nothing late can come any more. */
  forgetGone(): void
}

/** For one informer. */
export function createOrder(): Order {
  const known = new Map<string, { readonly at: string; readonly isGone: boolean }>()
  return {
    told({ metadata }, previous, change) {
      const { uid = '', name, namespace, resourceVersion: at = '' } = metadata
      const last = known.get(uid)
      const isThere = last !== undefined && !last.isGone
      const age = last === undefined ? 1 : compareResourceVersions(at, last.at)
      known.set(uid, { at, isGone: change === 'deleted' })
      const isRight =
        change === 'added'
          ? !isThere && age > 0
          : change === 'modified'
            ? isThere && age > 0 && previous?.metadata.uid === uid
            : isThere && age >= 0
      if (isRight) return undefined
      return `of ${namespace}/${name} that it was ${change} at ${at}, after ${last === undefined ? 'nothing' : `${last.at}${last.isGone ? ', deleted' : ''}`}`
    },
    forgetGone() {
      for (const [uid, { isGone }] of known) if (isGone) known.delete(uid)
    },
  }
}
