import type { Pod } from '#api/core/v1/pod.ts'
import type { Refusal } from './refusal.ts'

/** A pod that asks to be confined by AppArmor does not run where nothing would confine it. */
export function refusalByAppArmor({ spec }: Pod, missing: string | undefined): Refusal | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const profiles = [spec.securityContext, ...containers.map((one) => one.securityContext)].map((context) => context?.appArmorProfile)
  const wanted = profiles.filter((profile) => profile !== undefined && profile.type !== 'Unconfined')
  if (wanted.length === 0) return undefined
  const why =
    missing ??
    (wanted.some((profile) => profile?.type === 'Localhost' && !profile.localhostProfile?.trim())
      ? 'invalid empty AppArmor profile name: ""'
      : undefined)
  return why === undefined ? undefined : { reason: 'AppArmor', message: `Cannot enforce AppArmor: ${why}` }
}
