import type { SubresourceHandler } from '../contract.ts'
import { podBinding, podBindingByBody } from './binding.ts'
import { podEviction } from './eviction.ts'

/** Actions that need nothing but the registry itself, by the names that kinds give. */
export const builtinActions = (): Readonly<Record<string, SubresourceHandler>> => ({
  podBinding,
  podEviction,
  '/bindings': podBindingByBody,
})
