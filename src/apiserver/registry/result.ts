import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Revision } from '#store/store.ts'
import type { Item } from '../cacher/item.ts'
import { storageKindOf } from './keys.ts'
import { shownBytes } from './prepare.ts'

/** An object just committed, ready to be shown without reading it back. */
export const committedItem = (kind: AnyKind, key: string, value: Uint8Array, revision: Revision): Item => ({
  kind: storageKindOf(kind),
  key,
  value,
  revision,
  createRevision: revision,
  bytes: undefined,
  object: undefined,
})

/** An object that is shown, but not stored: a dry run's, or one that its deletion just removed. */
export const unstoredItem = (kind: AnyKind, key: string, object: KubeObject): Item => ({
  kind,
  key,
  value: new Uint8Array(0),
  revision: Number(object.metadata.resourceVersion ?? 0),
  createRevision: 0,
  bytes: shownBytes(kind, object),
  object,
})
