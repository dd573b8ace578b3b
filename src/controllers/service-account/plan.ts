import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { type Plan, settled } from '#loop/controller.ts'

export interface ServiceAccountView {
  readonly namespace: string
  readonly exists: boolean
}

/** Pods that name no account run as `default`: every namespace has one, also after somebody deleted it. */
export function planServiceAccount({ namespace, exists }: ServiceAccountView): Plan {
  if (exists) return settled
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }
  return { commands: [{ do: 'create', kind: ServiceAccount, namespace, object, ifExists: 'keep' }], wakeAt: Infinity }
}
