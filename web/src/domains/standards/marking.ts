/** A text cut into pieces that a search found and pieces between them. */
export interface Piece {
  text: string
  found: boolean
}

/** Fold as the server's search does, one character at a time, so that places in the text stay the same. */
function fold(text: string): string {
  return Array.from({ length: text.length }, (_, at) => {
    const folded = text.charAt(at).normalize('NFKC').toLowerCase()
    return folded.length === 1 ? folded : text.charAt(at)
  }).join('')
}

export function pieces(text: string, query: string): Piece[] {
  const folded = fold(text)
  const marks = new Array<boolean>(text.length).fill(false)
  for (const word of fold(query).split(/\s+/).filter(Boolean)) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1))
      marks.fill(true, at, at + word.length)
  }
  const found: Piece[] = []
  for (const [at, mark] of marks.entries()) {
    const last = found.at(-1)
    if (last?.found === mark) last.text += text.charAt(at)
    else found.push({ text: text.charAt(at), found: mark })
  }
  return found
}
