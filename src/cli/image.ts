import { existsSync } from 'node:fs'
import { containerdSocket } from '#host/containerd.ts'
import { importImages, listImages, removeImage } from '#host/images/store.ts'
import { paths } from '#host/layout.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from './command.ts'

export const image: Command = {
  name: 'image',
  summary: 'Import, list or remove images on every node',
  usage: 'import FILE… | list [--json] | remove NAME…',
  options: { json: { type: 'boolean', help: 'list as JSON' } },
  arguments: [1, Infinity],
  about:
    'import takes archives in the OCI layout or as "docker save" writes them. A short name such as nginx:1.7.9 becomes docker.io/library/nginx:1.7.9, as pods ask for it.',
  async run({ options, arguments: [action, ...rest], layout }, terminal) {
    const sockets = nodeSockets(layout)
    switch (action) {
      case 'import':
        for (const file of needed(rest, 'wherry image import FILE…')) {
          if (!existsSync(file)) throw new WherryError('NotFound', `${file} does not exist`)
          for (const socket of sockets) for (const name of await importImages(socket, { file })) terminal.out(`${name}\n`)
        }
        return 0
      case 'list': {
        const images = (await Promise.all(sockets.map(listImages))).flat()
        if (options['json']) terminal.out(`${JSON.stringify(images)}\n`)
        else for (const { name, size } of images) terminal.out(`${name}  ${size}\n`)
        return 0
      }
      case 'remove':
        for (const name of needed(rest, 'wherry image remove NAME…')) for (const socket of sockets) await removeImage(socket, name)
        return 0
      default:
        throw new WherryError('BadRequest', `image can import, list and remove, not "${action}"`)
    }
  },
}

function needed(words: readonly string[], usage: string): readonly string[] {
  if (words.length === 0) throw new WherryError('BadRequest', `a name is missing: ${usage}`)
  return words
}

function nodeSockets(layout: Parameters<typeof paths>[0]): string[] {
  const socket = containerdSocket({ stateDirectory: paths(layout).containerdState })
  if (!existsSync(socket)) throw new WherryError('ServiceUnavailable', 'no node runs on this machine; "wherry up" starts one')
  return [socket]
}
