/**
 * The order of API versions (API docs, "Version priority"): `v2` above `v1` above `v1beta2` above `v1beta1` above `v1alpha1`; what is no
 * such name stands below all that are, in reverse order of the alphabet. Positive where `a` is above `b`.
 */
export function compareVersions(a: string, b: string): number {
  const left = parse(a)
  const right = parse(b)
  if (left === undefined || right === undefined) {
    if (left !== undefined) return 1
    if (right !== undefined) return -1
    return a === b ? 0 : a < b ? 1 : -1
  }
  for (const [i, part] of left.entries()) if (part !== right[i]) return part - right[i]!
  return 0
}

/** Stability, major and minor. */
function parse(version: string): readonly [number, number, number] | undefined {
  const found = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version)
  if (found === null) return undefined
  const stability = found[2] === undefined ? 2 : found[2] === 'beta' ? 1 : 0
  return [stability, Number(found[1]), Number(found[3] ?? 0)]
}
