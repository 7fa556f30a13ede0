// Where `pass` has a secret, and what it prints. Knows nothing of Sextant, so that it is tested like any other module.

/** Where `pass` has a secret: in the folder that `--from` names. */
export function entry(folder, name) {
  return folder === undefined ? name : `${folder.replace(/\/+$/, '')}/${name}`;
}

/** The first line of what `pass show` prints. */
export function value(printed) {
  return printed.split(/\r?\n/, 1)[0];
}
