import { parse } from 'yaml'
import type { Files } from '../../interfaces.ts'
import type { ContainerConfig, Runtime } from '../../runtime.ts'
import { type CdiEdits, type CdiFile, cdiEdits } from './cdi-edits.ts'

export interface CdiOptions {
  readonly files: Pick<Files, 'list' | 'read'>
  /** Folders of CDI files, of rising priority: `/etc/cdi`, `/var/run/cdi`. */
  readonly directories: readonly string[]
}

/**
 * The same runtime; where it cannot read CDI files (containerd before 1.7 passes their devices over without a word), they are read here, and
 * a container that cannot have its devices so is not made.
 */
export function withCdi<T extends Runtime>(runtime: T, options: CdiOptions): T {
  return {
    ...runtime,
    async createContainer(sandboxId, config, sandbox) {
      const { cdiDevices = [] } = config
      if (cdiDevices.length === 0 || (await readsCdi(runtime))) return runtime.createContainer(sandboxId, config, sandbox)
      return runtime.createContainer(sandboxId, edited(config, cdiEdits(await readFiles(options), cdiDevices)), sandbox)
    },
  }
}

async function readsCdi(runtime: Runtime): Promise<boolean> {
  const { name, version } = await runtime.version()
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return name !== 'containerd' || major > 1 || minor >= 7
}

/** What CDI says comes in place of what was there by the same name or path. */
function edited(config: ContainerConfig, { environment, devices, mounts, groups }: CdiEdits): ContainerConfig {
  const keys = new Set(environment.map(({ key }) => key))
  const paths = new Set([...devices, ...mounts].map(({ containerPath }) => containerPath))
  const kept = <E extends { readonly containerPath: string }>(entries: readonly E[]) =>
    entries.filter(({ containerPath }) => !paths.has(containerPath))
  return {
    ...config,
    cdiDevices: [],
    env: [...config.env.filter(({ key }) => !keys.has(key)), ...environment],
    devices: [...kept(config.devices), ...devices],
    mounts: [...kept(config.mounts), ...mounts],
    security: { ...config.security, supplementalGroups: [...new Set([...config.security.supplementalGroups, ...groups])] },
  }
}

/** Read at each use: plug-ins write a file for each claim right before it is needed. */
async function readFiles({ files, directories }: CdiOptions): Promise<readonly CdiFile[]> {
  const found: CdiFile[] = []
  for (const [priority, directory] of directories.entries())
    for (const name of (await files.list(directory)).filter((each) => /\.(json|ya?ml)$/.test(each))) {
      const path = `${directory}/${name}`
      const bytes = await files.read(path, FILE_LIMIT_BYTES)
      if (bytes === undefined) continue
      found.push({ path, priority, content: parsed(Buffer.from(bytes).toString()) })
    }
  return found
}

/** A file that is broken has no devices, and keeps nobody from those of other files; it is named where one is missing. */
function parsed(text: string): unknown {
  try {
    // JSON is YAML too.
    return parse(text)
  } catch {
    return undefined
  }
}

const FILE_LIMIT_BYTES = 4 * 1024 * 1024
