"""Where sentences end. In the cases ``|`` stands for a cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.segmenter.sentences.boundaries import Boundaries


def cuts(text: str, max_chars: int = 400) -> str:
    """*text* as it is cut when it comes character by character, with ``|`` at the cuts."""
    boundaries = Boundaries(max_chars=max_chars)
    out = [sentence for char in text for sentence in boundaries.feed(char)]
    return "|".join([*out, *boundaries.flush()])


CASES = [
    # A mark before a capital, a number or a line break ends a sentence; without capitals any letter does.
    "Hi.| How are you?| I'm fine!| Good.",
    "Yes.| No.| OK.",
    "One.|\nTwo|\n\nThree",
    "Done.|Next step.| Did you?|Yes",
    "It costs 5.| That's cheap.| 10 more.| $5 left.",
    "hello there.| how are you?| i'm fine",
    "no.| thanks.| that's no. 5, fig. c",
    "Tap it.| iPhone users wait.| eBay is down.",
    "Cerré la ventana.|¿Quieres algo más?|¡Dime!",
    "**好了。**|我们走吧。",
    "Sorry :(| I'll try again.| Not bad :/| The end.",
    "“早点来。”他笑着说。|好的。",
    # Code is cut by its lines alone, a formula between dollar signs not at all. A price and a variable are no formula.
    'So:|\n```python|\nprint("Hi. There.")|\n```|\nThat is it.| Bye.',
    "So: ```sh|\nls. Then|\n```|\nGood.| Bye.",
    "We know that $a. B$ holds.| Pay $5.| Then set $HOME.| Then go.",
    "قال: «أين أنت؟»| ثم ذهب.",
    # Numbers, addresses, names of files, ellipses and quoted questions do not end the sentence that they are in.
    "It is 3.5 or 1,000.50 or v2.0.1 now",
    "See example.com/a.b?c=d!e or a.b@c.de or 10.0.0.1 and notes.txt now",
    "At 5.30 on 12.05.2024 we go",
    "Use Node.js and ASP.NET or Яндекс.Карты here",
    "Well... maybe… or not",
    "He asked, “Why?” and left",
    "Wow! and then? it went",
    "It is (!) good",
    "The .env file and the.thing",
    "8:15 a.m. – Bus 42",
    "The new one (it works!) – Control and space",
    "“你在哪儿？”妈妈问",
    "هل تقصد «كم الساعة؟» أم شيئا آخر",
    "It is by J.R.R. Tolkien",
    "Du kannst z. B. NVDA benutzen",
    "Utilisez un lecteur, p. ex. NVDA, ici",
    # Titles, initials and abbreviations go on; etc. ends before a capital; a single letter may end a sentence.
    "Mr. Brown and Dr. No met J. R. R. Tolkien and George W. Bush Jr. at 5 p.m. in St. Ives.| They left.",
    "We have apples, pears, etc. and more, e.g. plums.| Fine, i.e. good, etc.| Next.",
    "See p. 5, vol. 2, No. 7, Fig. 3.| No.| Never.",
    "Take vitamin C.| It helps.| So do I.| Plan B.| Solve for x.| Then stop.",
    "There are A and B.| Take B.| Press X.| It closes.",
    "The U.S. Senate met.| She lives in the U.S.| He doesn't.",
    "She is 5 ft. 4 in. tall.| Come in.| Sit.",
    "Do one more rep.| Then rest.| Rep. Jones called.",
    "See Brown v. Board.| The variable is v.| Solve for v.| Then stop.",
    "I met J. Smith.| Take A or B.| Take A, B.| Draw a, b.| Then stop.",
    "In 336 B.C. Alexander ruled.| He died in 323 B.C.| Then at 1500 p.m.| At 5 p.m.| Then stop.",
    "He is on Main St.| It's open.| Go down Park Dr.| After 200 feet, see Dr. Lee in St. Ives.",
    "See ch. 3 or eq. 3.| Est. 5 people.",
    "Sen. Warren spoke.| Congratulations, Sen. Warren!",
    "It is at 7 p.m. ET.| Or at 8 p.m. EST on Sunday.| Or at 9 p.m. (GMT).| Or at 5 p.m. Eastern.| Go.",
    "At 3 p.m. Dr. Lee will call.| At 7:30 p.m. I have time.| At 6 p.m.| Then we leave.",
    "From Nov. 28–Dec. 2 or Nov. 3-Dec. 5 it is closed.| It is on Mon. Nov. 24.| On Mon.| Now go.",
    "It is from J.-P. Martin.| Well... I think so.",
    # A name with dots is whole, whatever letters it has; a dot without a space between sentences cuts.
    "Ask Mary.Major@post.org or J.Doe@X.COM today.| Open Plan.Draft.pdf, Photo.JPG and System.Out.println.| Go.",
    "Use Array.Map or React.DOM.| It is done.|Next, see Booking.Com.| I am home.|You rest",
    "宛先はTaro.Yamada@Example.co.jpです。|添付はReport.Final.pdfです。|はい",
    # Abbreviations keep a number, also a Roman one or a letter; so does a short word in brackets or without a vowel.
    "See ch. II, vol. III and App. B.| Sc. 2 is long.| It is (est. 1898) here.| Cf. bldg. 4 (ver. 2).| Matt. 5.| Now.",
    "Он (род. 3 мая 1950) в гл. II, рис. 3 и соч. 67.| Это его род.| Дома муж.| Н. Э. Бауман.| Ответ — Б.| Это так.",
    "Kap. II, Bd. 2 und Abb. 3.| Voir chap. IV, p. 3.| Rozdz. II, zał. 3",
    # A letter ends a sentence before a word that begins one, behind a number, and between quotes.
    "We take plan B.| It is in room 12 B.| Use 2.25 A.| Turn left.| Henry I. Tudor was Henry VII.| By Edward I.| Later",
    "Это 7 «Б».| Дочь тут.| Сидоров А. В.| Он ждёт.| У К. И. Чуковского.| Держите B.| Нажмите",
    # A number ends a sentence: an answer, an ordinal with letters, an amount. The next item of a list takes its number.
    "144.| Twelve times twelve.| 10%.| That is it.| $5.| Yes.| −3°.| Cold.| Он стал 4-м.| Ура.| В 90-е.| Да.",
    "Steps: 1. Open it| 2. Tap it| 3. End it.| Or: 1. Wait.| 2. Go.| Or: 1. a, 2. b; 3. C.| 步骤：1. 好。|2. 走。",
    # Russian abbreviations, initials, quotes and dialogue.
    "Это т. е. так, т.к. и т. д. и т. п.| Потом ещё.",
    "В 1837 г. он умер.| Это было в XIX в.| В г. Москва на ул. Ленина, д. 5, кв. 7.| Там.",
    "А. С. Пушкин и Л.Н. Толстой.| Витамин C.| План Б.| Это сделал я.| Да.",
    "Стоит 500 руб. за шт.| Едем 20 мин. на метро.| 5 тыс. руб.| Всё.",
    "«Да!» — сказал он.| — Нет.| — Почему?| «Вот.»| Так.",
    "привет.| как дела?| да...  ну и ладно",
    "Скачайте.| iPhone подойдёт.| macOS тоже.| https://example.com открыт.",
    "В 1703 г. Пётр победил.| В 1941–1945 гг. Союз.| В IX–X вв. Русь.| В 218 г. до н. э. Рим.",
    "Это было в 1703 г.| Да.",
    "мкр. Северный, 1 таб. 2 р. в день, 760 мм рт. ст., Дж. К. Роулинг.| Да.",
    "За 1500 руб.| Дёшево.| О чём М. Булгаков?| Тип А или Б.| Да.",
    # German, Spanish, French, Italian, Portuguese, Polish, Turkish, Ukrainian: abbreviations, ordinals, quotes.
    "Es ist im I. und im XVIII. Jahrhundert, bei Wilhelm II.| Danach.",
    "Sie hält in der Bahnhofstr.| Der Bus kommt.| Die Neue Str.| Dann rechts.| Die Kantstr. Berlin.",
    "Viele enthalten Vitamin C, z. B. Obst.| Nimm A oder B.| Danach C.",
    "Das ist am 3. Oktober, z. B. in der Hauptstr. 5, d. h. hier.| Der 2. Weltkrieg.| Du brauchst 12.| Ja.",
    "Ich mag die 😊 Pizza mit der Wurst.| Ja.",
    "¡Hola!| ¿qué tal?| Bien.",
    "Hola, el Sr. García y la Dra. López.| ¿Sí?| ¡No!| EE. UU. es grande, p. ej. sí.",
    "Bonjour, M. Dupont est là.| « Oui ! » dit-il.| « Non. »| Il part.",
    "Il est né en 452 apr. J.-C.| En 452 apr. J.-C. Rome brûle.",
    "L'avv. Neri è qui.| Ciao, il Sig. Rossi e l'ing. Verdi ci sono, ecc.| Sì, p. es. qui.",
    "Olá, o Sr. Silva e a Dra. Souza estão aqui, p. ex. hoje.| Não.",
    "To jest np. ul. Długa i m.in. dr. Nowak, itd.| Tak, w 2020 r. w Polsce.| Nie.",
    "İstanbul'u II. Mehmed aldı.",
    "Mi dispiace...| Il ristorante è di G. Rossi.",
    "Nel 218 a.C. Annibale vinse.| Era il 216 a.C.| Poi no.",
    "W 1918 r. Polska.| W XIX w. Łódź.| To jest z 1918 r.| Tak.",
    "Merhaba, Dr. Yılmaz ve Prof. Kaya burada.| Bu 2. Dünya Savaşı değil.| Evet vb.| Hayır.",
    "Це вул. Хрещатик, буд. 5, і т. д.| Так, у 1814 р. він був.| Ні.",
    # Chinese, Japanese, Korean, Hindi, Arabic: wide marks end at once, quotes go on to their verb, titles go on.
    "你好。|好的！|真的吗？|是。",
    "“你来吗？”他问。|他说：“来。”|然后走了。|点击“确定？”按钮。",
    "「行きますか？」と聞いた。|「はい。」|そうです……よね。",
    "（注意。）|好！！|什么？！|走",
    "J. K. 罗琳来了。|选 B.| 然后走。|答案是 B.| 接下来走",
    "J. K. 롤링은 작가.| 정답은 B.| 다음",
    "네.| 갈까요?| 좋아요!| 그래요",
    '"갈까요?"라고 물었다.| 오늘은 2024. 5. 3. 금요일.| 네',
    "डॉ. शर्मा आए।| क्या?| हाँ!| ए. पी. जे. कलाम थे।",
    "نعم.| هل جاء د. أحمد؟| لا!| نعم",
    '"क्या?" उसने पूछा।| ठीक।| पर्वत (ऊँचा!) यहाँ है।| हाँ',
    # A line break ends items and headings; the marker of an item is never alone.
    "Tasks:|\n1. Milk|\n2. Call Anna.| Now.|\n- one|\n* two|\na) three|\nIV. Four|\n10. Ten",
    "1.\nMilk|\n-\nEggs",
    "# Title|\n**Note**|\nText",
    "Step 1. Open it.| Шаг 2. Далее.",
    "Look.| 2. Second.| Yes",
    "To do this: 1. Open it.| 2. Close it.| Сделайте так: 1. Откройте.| 2. Закройте.| It is: 1. 5 more",
    # Closing quotes, brackets, markup, emoji and what nobody sees stay with the end; openers begin the next.
    "Great! 🎉| Next.| Done.✅| Yes! 😊👍🏽| Go.",
    "Отлично 😊| Дальше.| See you 👋",
    "Done.| 👉 Click here.",
    'He said "Go."| Then (it was late.)| We left.| «Да.»| Нет.',
    "**Done.**| _Really?_| Yes `x.`| [Link.](http://a.b/c?d=E.F)| Next.[1]| End",
    "Run `a. B? C` now.| It`s ok.| Yes",
    "Готово.\u200b| Дальше.\u200f| \u200fКонец",
    "Done.<br>|Next.<br />| Go!</b>| It is 3.</x and e.g. <b>that</b> one.",
    "Yes.| **No.**| “Go.”| (Wait.)| - Stop",
]


@pytest.mark.parametrize("case", CASES)
def test_cuts(case: str) -> None:
    """Sentences end where the rule above a case says so."""
    assert cuts(case.replace("|", "")) == case


@pytest.mark.parametrize("text", ["...", "?!", "---", "***", "— !", "🎉", ". . ."])
def test_punctuation_alone_does_not_end(text: str) -> None:
    """Marks without a word before them end nothing."""
    assert cuts(text + " A") == text + " A"


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("Hi\n", 1),
        ("Hi.\n", 1),
        ("你好。", 0),
        ("你好！好", 1),
        ("Hi. Y", 2),
        ("Hi! 5", 2),
        ("Hi.  Y", 3),
        ("ठीक। अ", 2),
        ("It is etc. Y", 2),
        ("It is at 5 p.m. So", 3),
        ("On Main St. The ", 5),
    ],
)
def test_decided_at_the_first_letter(text: str, delay: int) -> None:
    """A sentence leaves at the first letter behind it, at once at a line break or a Chinese full stop; behind a few
    abbreviations with the next word, as soon as nothing can follow that matters.
    """
    boundaries = Boundaries(max_chars=400)
    out = [(at, sentence) for at, char in enumerate(text) for sentence in boundaries.feed(char)]
    assert [(len(text) - 1, text[: len(text) - delay])] == out


LONG = "word " * 30


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (LONG + ", and so on " + LONG, LONG + ","),
        ("Go — " + LONG + "— " + LONG * 2, "Go — " + LONG + "—"),
        (LONG + "and " + LONG, LONG.rstrip()),
        (LONG * 2, (LONG * 2)[:199]),
        ("word " * 39 + "1 000 000 " + LONG, ("word " * 39).rstrip()),
        ("word " * 37 + "[a link with words](http://x) " + LONG, ("word " * 37).rstrip()),
        ("word " * 20 + "[a, b](http://x) " + "x" * 300, "word " * 20 + "[a, b](http://x)"),
        ("x" * 300 + " y", "x" * 300),
        ("字" * 150 + "，" + "字" * 100, "字" * 150 + "，"),
        ("字" * 250, "字" * 200),
        ("a," * 150 + " b", "a," * 150),
    ],
)
def test_long_sentences(text: str, first: str) -> None:
    """Beyond the cap a sentence is cut at a comma or dash, else a conjunction, else white space; never in a word."""
    assert cuts(text, 200).split("|")[0] == first


def test_a_word_without_end_is_cut_at_last() -> None:
    """What has no white space for thousands of characters does not fill the memory."""
    assert cuts("x" * 5000).split("|")[0] == "x" * 4096


def test_a_rest_that_begins_small_is_no_reply_without_capitals() -> None:
    """The rest of a sentence that was too long begins small, which says nothing about the next."""
    text = "Word " * 10 + "and the rest is here! and it goes on"
    assert "! and" in cuts(text, 60)


def test_interrupt_keeps_white_space_for_the_next_sentence() -> None:
    """An interruption ends the open sentence; the white space behind it stands before the next one."""
    boundaries = Boundaries(max_chars=400)
    assert boundaries.interrupt() == []
    assert boundaries.feed(" Opening it \n") == [" Opening it"]
    assert boundaries.feed("now ") == []
    assert boundaries.interrupt() == [" \nnow"]
    assert boundaries.interrupt() == []
    assert boundaries.feed("Done") == []
    assert boundaries.flush() == [" Done"]


TEXT = st.text(st.sampled_from("aAяЯ1 .,!?…\n\"'()[]*_`—-。！「」“”你の한हि।ن؟😀🎉/:@"), max_size=80)


@given(TEXT, st.integers(2, 30))
def test_lossless_and_independent_of_cuts(text: str, max_chars: int) -> None:
    """All sentences, joined, are the prose; they are the same whether it comes at once or character by character."""
    boundaries = Boundaries(max_chars=max_chars)
    whole = [*boundaries.feed(text), *boundaries.flush()]
    assert "".join(whole) == text
    assert "|".join(whole) == cuts(text, max_chars)


@given(TEXT, st.sets(st.integers(0, 80)))
def test_release_loses_nothing(text: str, pauses: set[int]) -> None:
    """Whatever is released at whatever moment, the sentences joined are the prose."""
    boundaries = Boundaries(max_chars=400)
    out: list[str] = []
    for at, char in enumerate(text):
        out += boundaries.feed(char)
        if at in pauses:
            out += boundaries.release(doubtful=at % 2 == 0)
    assert "".join([*out, *boundaries.flush()]) == text


@pytest.mark.parametrize("mark", [".", "?", "!"])
@pytest.mark.parametrize(
    "word", ["word", "mail", "thing", "слово", "Mr", "etc", "Dr", "vol", "yahoo", "xiv", "XVIII", "a", "2"]
)
@pytest.mark.parametrize("lead", ["", "So it is a ", "Es ist im ", "- ", "He said, “", "`"])
def test_usual_case_is_cut_by_the_rules(monkeypatch: pytest.MonkeyPatch, lead: str, word: str, mark: str) -> None:
    """The short way for a word, a mark, a space and a capital never differs from the rules."""
    text = f"{lead}{word}{mark} Now it goes on"
    quick = cuts(text)
    monkeypatch.setattr("pipeline.segmenter.sentences.lookahead.is_plain_word", lambda *args: False)
    assert cuts(text) == quick
