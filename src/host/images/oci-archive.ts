import { createHash } from 'node:crypto'
import type { TarEntry } from './tar.ts'
import { lengthOf, tar } from './tar.ts'

/** What an image says of itself (OCI image specification, "Image Configuration"). */
export interface ImageConfig {
  /** Full reference: `docker.io/library/nginx:1.7.9`. */
  readonly name: string
  readonly architecture: string
  /** What always runs; a pod's `command` replaces it. */
  readonly entrypoint?: readonly string[]
  /** What runs, or the arguments of `entrypoint`, unless a pod's `args` say otherwise. */
  readonly command?: readonly string[]
  readonly env?: readonly string[]
  readonly workingDir?: string
  /** uid or uid:gid. */
  readonly user?: string
  readonly exposedPorts?: readonly number[]
  readonly labels?: Readonly<Record<string, string>>
  readonly stopSignal?: string
}

/**
 * An image of one layer as an OCI archive (image-spec 1.0, layout in a tar), in parts. The same input gives the same digests, so importing
 * it again changes nothing.
 */
export function ociArchive(config: ImageConfig, files: readonly TarEntry[]): Uint8Array[] {
  const layer = tar(files)
  const layerDigest = sha256(layer)
  const image = encode({
    architecture: config.architecture,
    os: 'linux',
    config: {
      ...(config.entrypoint && { Entrypoint: config.entrypoint }),
      ...(config.command && { Cmd: config.command }),
      ...(config.env && { Env: config.env }),
      ...(config.workingDir && { WorkingDir: config.workingDir }),
      ...(config.user && { User: config.user }),
      ...(config.exposedPorts && { ExposedPorts: Object.fromEntries(config.exposedPorts.map((port) => [`${port}/tcp`, {}])) }),
      ...(config.labels && { Labels: config.labels }),
      ...(config.stopSignal && { StopSignal: config.stopSignal }),
    },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created_by: 'wherry' }],
  })
  const manifest = encode({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(image), size: lengthOf(image) },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layerDigest, size: lengthOf(layer) }],
  })
  const index = encode({
    schemaVersion: 2,
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: sha256(manifest),
        size: lengthOf(manifest),
        annotations: {
          'io.containerd.image.name': config.name,
          'org.opencontainers.image.ref.name': config.name.slice(config.name.lastIndexOf(':') + 1),
        },
      },
    ],
  })
  const blob = (parts: readonly Uint8Array[]): TarEntry => ({
    type: 'file',
    path: `blobs/sha256/${sha256(parts).slice(7)}`,
    mode: 0o644,
    parts,
  })
  return tar([
    { type: 'file', path: 'oci-layout', mode: 0o644, parts: encode({ imageLayoutVersion: '1.0.0' }) },
    { type: 'file', path: 'index.json', mode: 0o644, parts: index },
    blob(manifest),
    blob(image),
    blob(layer),
  ])
}

const encode = (value: unknown): Uint8Array[] => [Buffer.from(JSON.stringify(value))]

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return `sha256:${hash.digest('hex')}`
}
