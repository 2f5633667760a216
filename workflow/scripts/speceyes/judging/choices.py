"""The option that an answer chooses, read by a small grammar that must take in the whole answer.

Denials, doubts, quotations, lists and corrections need words that no form has; so none is ever taken for a
choice, and what is not read is left to the judge. The forms:

- a *choice* is a letter, an option's text, or both where they agree;
- a *sentence* is a choice, alone or after a label ("The answer is", "答案:"), after "it is", or after the
  question's own subject ("The color of the dot is"); ", not ..." with another choice may follow;
- an *answer* is one or more sentences that choose the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from speceyes.judging.phrases import ARTICLE, ATTRIBUTE, NAME, NAMED, OPENER, PLACE, is_denied
from speceyes.judging.questions import Judged
from speceyes.judging.typography import LONGEST, PUNCTUATION, normalized, sentences, without_marks

_LABEL = re.compile(
    rf"(?:{NAMED}|(?:it|this|that)(?: is|'s)|there (?:is|are)|i (?:choose|select|pick))"
    r"(?: (?:the )?(?:option|choice|letter))?(?: |(?<=[:=是为]))"
)
_ORDINAL = re.compile(r"option|choice|选")
_CONFIRMED = re.compile(
    rf"(?:(?:option|choice|answer) )?(.+) is (?:the )?(?:final |correct |right |best )*(?:correct|right|{NAME})"
)
_CONTRAST = re.compile(r"[,;]? \(?(?:and )?not ")
_LETTER_FIRST = re.compile(r"[(\[]?([a-h])(?:[)\].:,、]{1,3} ?(?:[-–—=] )?| (?:[-–—=] )?|$)(.*)")
_LETTER_LAST = re.compile(r"(.+?)(?:,| [-–—:]|:)? [(\[]?([a-h])[)\]]?")
_BRACKETED = re.compile(r"[(\[]([^()\[\]]+)[)\]]")
_COPULA = re.compile(r" (?:is|are) ")
_ATTRIBUTE_OF = re.compile(rf"the {ATTRIBUTE} of")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")

_PREPOSITION = re.compile(
    r"of|on|in|at|to|from|near|by|with|under|over|above|below|behind|beside|between|next|that|which"
)
_DIRECTION = r"(?:left|right|top|bottom|cent(?:er|re)|middle|front|back|upper|lower|corner|side)"
_DIRECTIONS = re.compile(rf"{_DIRECTION}(?: {_DIRECTION})*")
_DIRECTED = re.compile(r"(?:on|in|at|to) ")


def chosen_letter(question: Judged) -> str | None:
    """The one option that an answer chooses, or None where rules cannot tell."""
    text = normalized(question.answer)
    if not text or (" " in text and question.answer.rstrip(" .\n").endswith(" a")):
        return None  # "The dot is a" may have been cut off after an article
    reader = _reader(question.question, question.options, question.letters)
    whole = reader.sentence(text.replace("\n", " "))
    if whole:
        return whole
    read = {reader.sentence(sentence) for sentence in sentences(text)}
    return read.pop() if len(read) == 1 else None


@lru_cache(maxsize=256)
def _reader(question: str, options: tuple[str, ...], letters: str) -> _ChoiceReader:
    return _ChoiceReader.of(question, options, letters)


@dataclass(frozen=True, slots=True)
class _ChoiceReader:
    """Reads choices among one question's options.

    ``texts`` are the options as :func:`_canonical` writes them, by upper-case letter; ``alike`` are letters of
    options that differ in nothing but punctuation, which a text alone does not tell apart. ``asked`` are the words
    of the question.
    """

    texts: dict[str, str]
    alike: frozenset[str]
    asked: tuple[str, ...]
    subjects: frozenset[str]

    @classmethod
    def of(cls, question: str, options: tuple[str, ...], letters: str) -> _ChoiceReader:
        texts = {letter: _canonical(without_marks(option)) for letter, option in zip(letters, options, strict=True)}
        words = [re.sub(r"\W+", " ", text).strip() for text in texts.values()]
        alike = frozenset(letter for letter, text in zip(letters, words, strict=True) if words.count(text) > 1)
        asked = tuple(_canonical(without_marks(question[:LONGEST])).replace("?", " ").replace(",", " ").split())
        return cls(texts, alike, asked, _subjects(asked))

    def sentence(self, sentence: str) -> str | None:
        """The letter that a sentence chooses; another choice may be denied after it."""
        if letter := self._statement(sentence):
            return letter
        chosen, *denied = _CONTRAST.split(sentence)
        if len(denied) != 1:
            return None
        letter, other = self._statement(chosen), self._choice(denied[0].rstrip(")" + PUNCTUATION))
        return letter if other and letter != other else None

    def _statement(self, sentence: str) -> str | None:
        sentence = OPENER.sub("", sentence, count=1)
        return self._choice(sentence) or self._labelled(sentence) or self._confirmed(sentence) or self._stated(sentence)

    def _labelled(self, sentence: str) -> str | None:
        """A choice after words that announce one: "The answer is ...", "it is ..."."""
        label = _LABEL.match(sentence)
        if not label or self._names_an_option(label[0]):
            return None
        chosen = sentence[label.end() :]
        if _canonical(chosen).isdecimal() and _ORDINAL.search(label[0]):
            return None  # "Option 2" may be the second one
        return self._complement(chosen)

    def _confirmed(self, sentence: str) -> str | None:
        """A choice before words that confirm it: "... is the correct answer"."""
        confirmed = _CONFIRMED.fullmatch(sentence)
        if not confirmed or _is_negative(self.asked) or self._names_an_option(sentence[confirmed.end(1) :]):
            return None
        return self._choice(confirmed[1])

    def _stated(self, sentence: str) -> str | None:
        """A choice after the question's own subject: "The color of the dot is ..."."""
        subject, *complement = _COPULA.split(PLACE.sub("", sentence), maxsplit=1)
        if not complement or subject not in self.subjects or self._names_an_option(subject):
            return None
        return self._complement(complement[0])

    def _choice(self, text: str) -> str | None:
        """A letter, an option's text, or both where they agree."""
        text = _unbracketed(text)
        named = self._option(text)
        first, last = _LETTER_FIRST.fullmatch(text), _LETTER_LAST.fullmatch(text)
        if named and not self._reads_otherwise(text, first, named):
            return named
        for pair, letter, rest in ((first, 1, 2), (last, 2, 1)):
            if not pair or (spelt := pair[letter].upper()) not in self.texts:
                continue
            told = _unbracketed(pair[rest])
            if (not told and not named) or (told and _same(told, self.texts[spelt])):
                return spelt
        return None

    def _reads_otherwise(self, text: str, first: re.Match[str] | None, named: str) -> bool:
        """Whether the text of one option may be another's letter: "B" where that is A's text, "A dog" (A. cat)."""
        if first is None or first[1].upper() not in self.texts or first[1].upper() == named:
            return False
        return not first[2] or text != self.texts[named]

    def _option(self, text: str) -> str | None:
        """The one option that has this text."""
        found = [letter for letter, option in self.texts.items() if option and _same(text, option)]
        return found[0] if len(found) == 1 and found[0] not in self.alike else None

    def _complement(self, text: str) -> str | None:
        """A choice, an option with an article or a place before it, or with the question's own end after it."""
        if any(option.startswith(f"{_canonical(text)} ") for option in self.texts.values()):
            return None  # may have been cut off within a longer option
        if letter := self._choice(text):
            return letter
        directed = _DIRECTED.match(text)
        bare = ARTICLE.sub("", text[directed.end() :] if directed else text, count=1)
        found = {letter for letter, option in self.texts.items() if option and self._is_followed_up(bare, option)}
        if len(found) != 1 or found & self.alike:
            return None
        (letter,) = found
        option = self.texts[letter]
        return letter if self._is_told_apart(option) and (not directed or _DIRECTIONS.fullmatch(option)) else None

    def _is_followed_up(self, text: str, option: str) -> bool:
        """Whether a text is an option, alone or with the last words of the question ("left side of the car")."""
        if not text.startswith(option):
            return False
        rest = tuple(text[len(option) :].split())
        return not rest or (
            text[len(option)] == " "
            and (_PREPOSITION.fullmatch(rest[0]) or rest[0] == "side")
            and self.asked[-len(rest) :] == rest
        )

    def _is_told_apart(self, option: str) -> bool:
        """Whether the question's own words do not hold the option, or each of the options once ("left or right")."""
        asked = f" {' '.join(self.asked)} "
        counts = {text: asked.count(f" {text} ") for text in self.texts.values() if text}
        return counts[option] == 0 or set(counts.values()) == {1}

    def _names_an_option(self, words: str) -> bool:
        """Whether an option's text stands in words that should say nothing ("The right answer is left")."""
        return any(text and f" {text} " in f" {words.strip(PUNCTUATION)} " for text in self.texts.values())


def _subjects(asked: tuple[str, ...]) -> frozenset[str]:
    """How a statement may name what is asked for: the question's subject, whole or up to where it goes into detail."""
    copula = next((i for i, word in enumerate(asked) if word in ("is", "are")), None)
    if copula is None or _is_negative(asked):
        return frozenset()
    named, attribute = asked[copula + 1 :], asked[1:copula]
    subjects = _beginnings(named)
    if _ATTRIBUTE_OF.fullmatch(" ".join(named[:3])):
        subjects |= _beginnings(named[3:])
    if 0 < len(attribute) <= 2 and asked[0] in ("what", "which"):
        the_attribute = f"the {' '.join(attribute)}"
        subjects |= {f"{the_attribute} of {subject}" for subject in subjects} | {the_attribute}
    return frozenset(subjects)


def _beginnings(named: tuple[str, ...]) -> set[str]:
    """A phrase, whole and up to each word that goes into detail; none of a phrase without a head, or with a choice."""
    ends = [i for i in range(1, len(named) + 1) if i == len(named) or _PREPOSITION.fullmatch(named[i])]
    headed = bool(named) and not _PREPOSITION.fullmatch(named[0])
    return {" ".join(named[:end]) for end in ends if headed and "or" not in named[:end]}


def _is_negative(asked: tuple[str, ...]) -> bool:
    """Whether a question asks for what is not so; an "or" between alternatives is none of that."""
    return is_denied(word for word in asked if word != "or")


def _canonical(text: str) -> str:
    return _HYPHEN.sub(" ", text.rstrip(PUNCTUATION).lstrip())


def _unbracketed(text: str) -> str:
    bare = _canonical(text)
    return _canonical(_BRACKETED.sub(r"\1", bare)) if _BRACKETED.fullmatch(bare) else bare


def _same(text: str, option: str) -> bool:
    return text == option or ARTICLE.sub("", text, count=1) == ARTICLE.sub("", option, count=1) != ""
