"""Events and journal to HTML, JSON, JUnit and Allure."""
