import type { VolumeSpec } from './volume-plugin.ts'

/** Came before `spec.mountOptions`, and still wins over it. */
const annotation = 'volume.beta.kubernetes.io/mount-options'

/** What a PersistentVolume wants mount(8) to be given, and what we add; each once, sorted. */
export function mountOptions({ persistentVolume }: Pick<VolumeSpec, 'persistentVolume'>, ours: readonly string[] = []): readonly string[] {
  const annotated = persistentVolume?.metadata.annotations?.[annotation]?.split(',')
  const theirs = annotated ?? persistentVolume?.spec.mountOptions ?? []
  return [...new Set([...theirs, ...ours])].filter((option) => option !== '').sort()
}
