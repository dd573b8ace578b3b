import type { Pod } from '#api/core/v1/pod.ts'

/** `<pod>_<namespace>_<container>-<id>.log` in `folder`: where log collectors look. Undefined where the node makes no such links. */
export function logLink(
  folder: string | undefined,
  { metadata }: Pick<Pod, 'metadata'>,
  container: string,
  id: string,
): string | undefined {
  return folder === undefined ? undefined : `${folder}/${metadata.name}_${metadata.namespace}_${container}-${id}.log`
}
