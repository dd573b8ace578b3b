import type { AppArmorProfile } from '#api/core/v1/types.ts'

/** Annotations by which containers named their AppArmor profile before there was a field (KEP-24); the container's name follows. */
export const appArmorAnnotationPrefix = 'container.apparmor.security.beta.kubernetes.io/'

/** The field that says the same as the annotation's value; undefined when the value says nothing that is known. */
export function profileOfAnnotation(value: string): AppArmorProfile | undefined {
  if (value === 'unconfined') return { type: 'Unconfined' }
  if (value === 'runtime/default') return { type: 'RuntimeDefault' }
  const name = value.startsWith('localhost/') ? value.slice('localhost/'.length) : ''
  return name === '' ? undefined : { type: 'Localhost', localhostProfile: name }
}
