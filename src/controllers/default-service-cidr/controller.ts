import { defaultServiceCidrName, ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Controller } from '#loop/controller.ts'
import { type DefaultServiceCidrView, defaultServiceCidrOwner, planDefaultServiceCidr } from './plan.ts'

/** Keeps the ServiceCIDR that is made of the ranges which the API server was given. */
export const defaultServiceCidrController = (cidrs: readonly string[]): Controller<DefaultServiceCidrView> => ({
  name: defaultServiceCidrOwner,
  // The server makes it before anything else begins: a key comes of the object itself, or of its end.
  sources: [{ kind: ServiceCIDR, keys: ({ metadata }: ServiceCIDR) => (metadata.name === defaultServiceCidrName ? [metadata.name] : []) }],
  view: (_key, cache, now) => ({ now, cidrs, range: cache.get(ServiceCIDR, defaultServiceCidrName) }),
  plan: planDefaultServiceCidr,
})
