import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Informer } from '#client/informer.ts'
import { compareResourceVersions } from '#client/resource-version.ts'

/** What a cache has to show before one may decide on it again, because we caused it. Data, so that a test can read it. */
export type Expectation =
  /** Everything up to our write. */
  | { readonly show: 'version'; readonly kind: AnyKind; readonly resourceVersion: string }
  /** The object with this uid is deleted, or on its way. */
  | { readonly show: 'gone'; readonly kind: AnyKind; readonly name: string; readonly namespace: string | undefined; readonly uid: string }
  /** Another version of the object than this; undefined: any at all. */
  | {
      readonly show: 'change'
      readonly kind: AnyKind
      readonly name: string
      readonly namespace: string | undefined
      readonly from: string | undefined
    }

/** Of a kind that nobody holds in memory nothing can be expected. */
export type InformerOf = (kind: AnyKind) => Informer<unknown> | undefined

/** Whether the cache shows it. Of a kind that nobody holds: yes, since nothing will ever show. */
export function isMet(expectation: Expectation, informerOf: InformerOf): boolean {
  const informer = informerOf(expectation.kind)
  if (informer === undefined) return true
  if (expectation.show === 'version') return compareResourceVersions(informer.resourceVersion, expectation.resourceVersion) >= 0
  const shown = informer.get(expectation.name, expectation.namespace) as KubeObject | undefined
  if (expectation.show === 'change') return shown?.metadata.resourceVersion !== expectation.from
  return shown === undefined || shown.metadata.uid !== expectation.uid || shown.metadata.deletionTimestamp !== undefined
}

/** Waits until all are met; false when `timeoutMs` pass before, or a cache is closed. */
export async function areMet(expectations: readonly Expectation[], informerOf: InformerOf, timeoutMs: number): Promise<boolean> {
  for (const expectation of expectations) {
    if (isMet(expectation, informerOf)) continue
    const met = await informerOf(expectation.kind)!.until(() => isMet(expectation, informerOf), timeoutMs)
    if (!met) return false
  }
  return true
}
