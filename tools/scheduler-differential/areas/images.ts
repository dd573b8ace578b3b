import type { Area } from '../generator.ts'

const sizes: Readonly<Record<string, number>> = {
  'example.com/app:1': 800_000_000,
  'example.com/app:2': 1_500_000_000,
  'docker.io/library/tool:latest': 300_000_000,
  'example.com/tiny:1': 5_000_000,
  'example.com/huge@sha256:0123456789012345678901234567890123456789012345678901234567890123': 3_000_000_000,
}
const all = Object.keys(sizes)

/** ImageLocality. */
export const images: Area = {
  node(node, { chance }) {
    const listed = chance.some(all)
    if (listed.length === 0) return
    node.status.images = listed.map((name) => ({
      names: chance.is(20) ? [name, `mirror.${name}`] : [name],
      // One size everywhere: the original takes the size that the first node tells for that of all, whichever comes first.
      sizeBytes: sizes[name]!,
    }))
  },
  pod(pod, { chance }, role) {
    if (role === 'bound') return
    const image = (): string => chance.pick([...all, 'tool', 'docker.io/library/tool', 'example.com/none:1', 'example.com:5000/app'])
    pod.spec.containers[0].image = image()
    if (chance.is(40)) pod.spec.containers.push({ name: 'other', image: image() })
    if (chance.is(30)) pod.spec.initContainers = [...(pod.spec.initContainers ?? []), { name: 'i', image: image() }]
    if (chance.is(15)) pod.spec.volumes = [...(pod.spec.volumes ?? []), { name: 'image', image: { reference: image() } }]
  },
}
