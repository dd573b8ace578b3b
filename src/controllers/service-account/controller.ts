import { Namespace } from '#api/core/v1/namespace.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Controller } from '#loop/controller.ts'
import { isActive } from '../common/namespace-terminating.ts'
import { planServiceAccount, type ServiceAccountView } from './plan.ts'

/** Gives each namespace its `default` ServiceAccount. */
export const serviceAccountController: Controller<ServiceAccountView> = {
  name: 'service-account-controller',
  sources: [
    { kind: Namespace },
    { kind: ServiceAccount, keys: ({ metadata }: ServiceAccount) => (metadata.name === 'default' ? [metadata.namespace] : []) },
  ],
  view: (namespace, cache) =>
    isActive(cache.get(Namespace, namespace))
      ? { namespace, exists: cache.get(ServiceAccount, 'default', namespace) !== undefined }
      : undefined,
  plan: planServiceAccount,
}
