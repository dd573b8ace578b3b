import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'

/** open(2): names a place without opening what is there, so that a socket or a pipe does not block. Node has no name for it. */
const oPath = 0o10000000

/** Opens what a path's last part itself is, a link as a link. What is open cannot be swapped for something else any more. */
export const openPlace = (path: string): Promise<fs.FileHandle> => fs.open(path, oPath | constants.O_NOFOLLOW)

/** The path by which an open place is reached, whatever its name leads to by now. */
export const placePath = (place: fs.FileHandle): string => `/proc/self/fd/${place.fd}`

/** The same of a folder; anything else, a link to one too, is error `ENOTDIR`. */
export const openFolder = (path: string): Promise<fs.FileHandle> => fs.open(path, oPath | constants.O_NOFOLLOW | constants.O_DIRECTORY)
