import { gatewayGroup } from './names.ts'
import type { ReferenceGrant } from './types.ts'

/** Who refers, and to what. */
export interface Reference {
  readonly from: { readonly kind: string; readonly namespace: string }
  readonly to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string }
}

/** Whether an object of the Gateway API may refer to that object: within a namespace always, across by a ReferenceGrant beside the target. */
export function isPermitted(view: { grants(): readonly ReferenceGrant[] }, { from, to }: Reference): boolean {
  if (from.namespace === to.namespace) return true
  return view
    .grants()
    .some(
      ({ metadata, spec }) =>
        metadata.namespace === to.namespace &&
        spec.from.some(({ group, kind, namespace }) => group === gatewayGroup && kind === from.kind && namespace === from.namespace) &&
        spec.to.some(
          ({ group, kind, name }) => group === to.group && kind === to.kind && (name === undefined || name === '' || name === to.name),
        ),
    )
}
