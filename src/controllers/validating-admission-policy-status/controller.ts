import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Controller } from '#loop/controller.ts'
import { type PolicyStatusView, planPolicyStatus } from './plan.ts'

/**
 * Says in each policy's status where its expressions do not fit the types of what it is about. `kindsNow` tells which kinds the API server
 * serves, those of definitions among them; one that comes or changes later is looked at when the policy is written anew, as in the reference.
 */
export const validatingAdmissionPolicyStatusController = (kindsNow: () => readonly AnyKind[]): Controller<PolicyStatusView> => ({
  name: 'validatingadmissionpolicy-status-controller',
  fieldManager: 'validatingadmissionpolicy-status',
  sources: [{ kind: ValidatingAdmissionPolicy, keys: (policy: ValidatingAdmissionPolicy) => [policy.metadata.name] }],
  view: (name, cache) => {
    const policy = cache.get(ValidatingAdmissionPolicy, name)
    return policy === undefined ? undefined : { policy, kinds: kindsNow() }
  },
  plan: planPolicyStatus,
})
