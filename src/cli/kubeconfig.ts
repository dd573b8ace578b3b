import { readFileSync } from 'node:fs'
import { paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from './command.ts'

export const kubeconfig: Command = {
  name: 'kubeconfig',
  summary: "Print the administrator's kubeconfig",
  usage: '',
  options: {},
  about: 'Write it to a file and point KUBECONFIG there, or give it to any Kubernetes client. It holds a private key: keep it to yourself.',
  async run({ layout }, terminal) {
    terminal.out(readAdminKubeconfig(paths(layout).adminKubeconfig))
    return 0
  },
}

export function readAdminKubeconfig(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'EACCES') throw new WherryError('Forbidden', `only root may read ${file}; try again with sudo`, { cause })
    if (code === 'ENOENT')
      throw new WherryError('ServiceUnavailable', 'there is no cluster on this machine yet; "wherry up" makes one', { cause })
    throw new WherryError('InternalError', `cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
}
