"""Two ordinary answers, as long as a listener bears them: no traps, sentences of the usual length."""

ENGLISH = (
    "The settings of your screen reader are in the accessibility menu, which you reach from the home screen with "
    "a long press of the power button. Once you are there, move down until you hear the word speech, and open it "
    "with a double tap. The first slider changes how fast the voice speaks, and the second one how high it "
    "sounds. Most people who are new to it begin with a slow voice and make it a little faster every few days, "
    "because the ear needs time to learn. Below the sliders there is a list of voices, and each of them can be "
    "tried before it is chosen. If a voice has a small arrow behind its name, it has to be downloaded first, "
    "which takes about a minute on an ordinary connection. When you have found the one that you like, go back "
    "with a swipe to the left, and the change is kept for you. You can also ask me to do all of this for you, and "
    "I will tell you at every step what I have changed and how to undo it. "
)

RUSSIAN = (
    "Настройки программы экранного доступа находятся в меню специальных возможностей, которое открывается с "
    "главного экрана долгим нажатием на кнопку питания. Там перейдите вниз, пока не услышите слово речь, и "
    "откройте этот раздел двойным касанием. Первый ползунок меняет скорость голоса, а второй его высоту. Те, кто "
    "только начинает, обычно выбирают медленный голос и каждые несколько дней делают его немного быстрее, потому "
    "что слуху нужно время. Под ползунками есть список голосов, и каждый из них можно послушать перед тем, как "
    "выбрать. Если после названия голоса стоит стрелка, его сначала нужно загрузить, и это занимает около минуты. "
    "Когда вы найдёте тот, который вам нравится, вернитесь назад движением влево, и изменение сохранится. Вы "
    "можете попросить меня сделать всё это за вас, и на каждом шаге я скажу, что изменилось и как это отменить. "
)

TEXTS = [(ENGLISH, "en"), (RUSSIAN, "ru")] * 20
