import type { AnyKind, KubeObject } from '#api/kind.ts'
import { type BindingLike, type RoleLike, reconciledBinding, reconciledRole } from '#apiserver/authorization/reconcile.ts'

/** An object that a cluster has from its first moment, and how a present one is put right at a start. */
export interface Kept {
  readonly kind: AnyKind
  readonly object: { readonly metadata: { readonly name: string; readonly namespace?: string } }
  /** The present object as it should be; `recreate` where only a new one will do, undefined where it may stay. */
  readonly reconcile: (present: KubeObject) => KubeObject | 'recreate' | undefined
}

/** A Role or ClusterRole that is given back what it lacks; what an administrator added stays. */
export const keptRole =
  (kind: AnyKind) =>
  (object: RoleLike & Kept['object']): Kept => ({
    kind,
    object,
    reconcile: (present) => reconciledRole(present as RoleLike & KubeObject, object),
  })

/** A RoleBinding or ClusterRoleBinding in the same way; one that binds to another role is made anew. */
export const keptBinding =
  (kind: AnyKind) =>
  (object: BindingLike & Kept['object']): Kept => ({
    kind,
    object,
    reconcile: (present) => reconciledBinding(present as BindingLike & KubeObject, object),
  })
